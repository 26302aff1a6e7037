/// Why bytes are not an instruction.
public enum DecodeError: Error, Sendable, Equatable {
  /// The instruction goes on after the `count` bytes that there are: fetch more, and where byte
  /// `count` cannot be fetched that fault is the instruction's.
  case needsMoreBytes(count: UInt8)
  /// It is longer than fifteen bytes: #GP(0) (SDM Vol. 2, 2.3.11).
  case tooLong
  /// It is not defined in this mode, or not with these prefixes or operands: #UD. `length` bytes
  /// had been read when that was certain.
  case undefined(length: UInt8)
}

extension DecodeError: CustomStringConvertible {
  /// The reason as a phrase.
  public var description: String {
    switch self {
    case .needsMoreBytes(let count): "The instruction is longer than the \(count) bytes given."
    case .tooLong: "The instruction is longer than fifteen bytes."
    case .undefined: "The bytes are no instruction that is defined in this mode."
    }
  }
}
