/// A run of instructions as text.
public struct Disassembly: Sendable, Equatable {
  /// One instruction, or a byte that begins none.
  public struct Line: Sendable, Equatable {
    /// The instruction's address, as the instruction pointer has it.
    public var address: UInt64
    /// Its bytes.
    public var bytes: [UInt8]
    /// It in Intel's syntax, or "(bad)".
    public var text: String
  }

  /// The instructions in order.
  public private(set) var lines: [Line] = []

  /// The first `limit` instructions of `bytes`, of which the first is at `address`. It ends earlier
  /// where the bytes do, within an instruction or between two.
  public init(_ bytes: [UInt8], at address: UInt64, _ codeSize: CodeSize, limit: Int = .max) {
    let decoder = InstructionDecoder(codeSize)
    let formatter = InstructionFormatter(codeSize)
    var rest = bytes[...]
    var address = address
    while lines.count < limit, !rest.isEmpty {
      var length = InstructionDecoder.undefinedStep
      var text = Operation.invalid.mnemonic
      do throws(DecodeError) {
        let instruction = try decoder.decode(InstructionBytes(rest))
        length = Int(instruction.length)
        text = formatter.text(instruction, at: address)
      } catch {
        if case .needsMoreBytes = error { return }
      }
      lines.append(Line(address: address, bytes: Array(rest.prefix(length)), text: text))
      rest = rest.dropFirst(length)
      address &+= UInt64(length)
    }
  }
}

extension Disassembly.Line: CustomStringConvertible {
  /// Address, bytes and text in columns.
  public var description: String {
    let bytes = hexBytes(bytes)
    let gap = String(repeating: " ", count: max(1, 32 - bytes.utf8.count))
    return "\(hex(address, digits: 8))  \(bytes)\(gap)\(text)"
  }
}
