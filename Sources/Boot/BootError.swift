public import GuestMemory

/// An image cannot be booted.
///
/// Each description is made of full sentences: what is wrong, where, and what to do next.
public enum BootError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The host could not read the image or module.
  case unreadable(image: String, offset: UInt64, reason: String)
  /// The file ended before its end: it changed after it was opened. Counts are in bytes.
  case cutShort(image: String, offset: UInt64, wanted: Int, got: Int)
  /// The file has no bytes.
  case empty(image: String)
  /// The file is something that cannot be booted. `what` is what it is; `advice` a sentence.
  case unsupported(image: String, what: String, advice: String)
  /// A header of the image contradicts itself or the file, at `offset` in the file.
  case malformed(image: String, offset: UInt64, problem: String)
  /// The image is larger than its format or memory allows. `advice` is a sentence.
  case tooLarge(image: String, byteCount: UInt64, limit: UInt64, advice: String)
  /// Something would lie where the guest has no usable memory. `advice` is a sentence.
  case outsideMemory(what: String, address: GuestAddress, byteCount: UInt64, advice: String)
  /// No free memory is left for something that has no place of its own. `advice` is a sentence.
  case noRoom(what: String, byteCount: UInt64, advice: String)
  /// Two things claim the same memory. `advice` is a sentence.
  case overlap(_ first: String, _ second: String, at: GuestAddress, advice: String)
  /// The first instruction would not lie in the loaded image.
  case entryOutsideImage(image: String, entry: UInt64)
  /// An option does not fit the image. `reason` is a sentence.
  case optionRefused(option: String, reason: String)
  /// What the boot protocol hands over has no room. Counts are in bytes.
  case informationTooLarge(byteCount: Int, limit: Int)
  /// Placing failed: the memory is not the one that was planned for.
  case memory(what: String, GuestMemoryError)

  /// What is wrong, where, and what to do next.
  public var description: String {
    switch self {
    case .unreadable(let image, let offset, let reason):
      "\(image) cannot be read at offset \(offset): \(reason)."
    case .cutShort(let image, let offset, let wanted, let got):
      "\(image) ended early: \(wanted) bytes were expected at offset \(offset), \(got) came. "
        + "It changed while it was read; run again once it is complete."
    case .empty(let image):
      "\(image) is empty. Check that the build that writes it succeeded."
    case .unsupported(let image, let what, let advice):
      "\(image) is \(what). \(advice)"
    case .malformed(let image, let offset, let problem):
      "\(image) is damaged or cut off: \(problem) (at file offset \(hex(offset))). "
        + "Build or copy the file again."
    case .tooLarge(let image, let count, let limit, let advice):
      "\(image) has \(count) bytes, but at most \(limit) fit. \(advice)"
    case .outsideMemory(let what, let address, let count, let advice):
      "\(what) (\(range(address, count))) does not lie in memory that the guest can use. \(advice)"
    case .noRoom(let what, let count, let advice):
      "There is no room for \(what): it takes \(count) bytes in one piece, above 1 MiB and below 4 GiB. "
        + advice
    case .overlap(let first, let second, let address, let advice):
      "\(first) and \(second) both claim the memory at \(address). \(advice)"
    case .entryOutsideImage(let image, let entry):
      "The entry point \(hex(entry)) does not lie in the loaded part of \(image). "
        + "Give the linker an entry symbol that is in a loaded segment, or name one with --entry."
    case .optionRefused(let option, let reason):
      "\(option) is refused: \(reason)"
    case .informationTooLarge(let count, let limit):
      "The command lines, module list and memory map take \(count) bytes, but at most \(limit) fit in "
        + "the boot information area. Shorten the command lines."
    case .memory(let what, let error):
      "\(what) could not be placed: \(error). The plan was made for another memory layout; "
        + "make it again for this one."
    }
  }
}

/// A number in hexadecimal, with its prefix.
func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }

/// A range as people write it: first and last address, or the size where it wraps around.
private func range(_ address: GuestAddress, _ count: UInt64) -> String {
  guard count > 0, let last = address.advanced(by: count - 1) else { return "\(count) bytes at \(address)" }
  return "\(address)…\(last)"
}
