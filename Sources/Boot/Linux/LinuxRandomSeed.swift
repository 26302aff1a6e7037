import GuestMemory

/// Random bytes for a Linux guest, which has few events to gather its own from when it starts: a
/// `setup_data` entry (Linux Documentation/arch/x86/boot.rst; asm/setup_data.h, SETUP_RNG_SEED).
///
/// They are made when the plan is carried out, so that a guest that starts anew gets others.
enum LinuxRandomSeed {
  /// SETUP_RNG_SEED.
  static let type: UInt32 = 9
  /// How many random bytes there are.
  static let seedByteCount = 32

  /// Claims the place behind the boot information `area`, and returns its guest-physical address.
  ///
  /// - Throws: `BootError.informationTooLarge`.
  static func claim(_ planner: inout Planner, after area: BootInformationArea) throws(BootError) -> UInt64 {
    var header: [UInt8] = []
    header.append(littleEndian: UInt64(0))  // no entry follows
    header.append(littleEndian: type)
    header.append(littleEndian: UInt32(seedByteCount))
    let offset = (area.bytes.count + 15) / 16 * 16
    let limit = Int(BootLayout.bootInformationEnd - BootLayout.bootInformation)
    let end = offset + header.count + seedByteCount
    guard end <= limit else { throw .informationTooLarge(byteCount: end, limit: limit) }
    let address = area.address + UInt64(offset)
    try planner.claim(
      PlannedSegment(
        kind: .bootInformation, name: "the random seed", address: GuestAddress(address),
        memoryByteCount: UInt64(header.count + seedByteCount),
        content: .random(after: header, count: seedByteCount)))
    return address
  }
}
