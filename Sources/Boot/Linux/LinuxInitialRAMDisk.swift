import GuestMemory

/// The initial RAM disk of a Linux kernel: all modules of a request, one behind the other.
///
/// Linux unpacks any number of archives that follow each other, each at a multiple of 4 with zeros
/// between (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
struct LinuxInitialRAMDisk {
  /// The first address: a multiple of 4096.
  let address: UInt64
  /// The length, in bytes.
  let byteCount: UInt64
}

extension Planner {
  /// Takes a place for the modules, as high as it may be, and returns it; nil where there are none.
  ///
  /// - Parameter addressMaximum: the highest address that the kernel allows it to occupy.
  /// - Throws: `BootError.empty`, `.optionRefused` for a module's command line, or `.noRoom`.
  mutating func claimInitialRAMDisk(addressMaximum: UInt64) throws(BootError) -> LinuxInitialRAMDisk? {
    var total: UInt64 = 0
    for module in request.modules {
      guard module.source.byteCount > 0 else { throw .empty(image: module.source.name) }
      guard module.commandLine.isEmpty else {
        throw .optionRefused(
          option: "The command line of module \(module.source.name)",
          reason:
            "Linux takes modules as parts of its initial RAM disk and reads no command lines of theirs. Leave it out."
        )
      }
      guard let sum = total.roundedUp(to: 4)?.adding(module.source.byteCount) else {
        throw .noRoom(what: "the initial RAM disk", byteCount: .max, advice: Self.moreMemory)
      }
      total = sum
    }
    guard total > 0 else { return nil }
    guard let padded = total.roundedUp(to: 4),
      let base = highestFree(byteCount: padded, below: addressMaximum.adding(1) ?? .max)
    else {
      throw .noRoom(
        what: "the initial RAM disk", byteCount: total,
        advice: "The kernel takes it up to the address \(hex(addressMaximum)). \(Self.moreMemory)")
    }
    var address = base
    for module in request.modules {
      // Rounding and adding were checked above; so was that the last of it is in memory.
      let memory = (module.source.byteCount + 3) / 4 * 4
      try claim(
        PlannedSegment(
          kind: .module, name: "module \(module.source.name)", address: GuestAddress(address),
          memoryByteCount: memory, fileOffset: 0, fileByteCount: module.source.byteCount,
          content: .file(module.source)))
      address += memory
    }
    return LinuxInitialRAMDisk(address: base, byteCount: total)
  }
}

extension BootRequest {
  /// The command line in bytes, without a NUL.
  ///
  /// - Parameter limit: how many bytes the kernel takes.
  /// - Throws: `BootError.optionRefused`: Linux itself would cut it off and say nothing.
  func linuxCommandLine(limit: Int) throws(BootError) -> [UInt8] {
    let what = "The guest command line"
    let text = Array(fullCommandLine.utf8)
    guard !text.contains(0) else {
      throw .optionRefused(
        option: what, reason: "It contains a NUL byte, where the guest would take it to end. Leave that out.")
    }
    guard text.count <= limit else {
      throw .optionRefused(
        option: what,
        reason: "It has \(text.count) bytes, and this kernel takes \(limit) at most. Shorten it.")
    }
    return text
  }
}
