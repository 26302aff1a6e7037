import Boot

/// An image with a Linux setup header, put together field by field, so that a test can make any of them
/// lie. Its protected-mode code is so many bytes of 0xCC.
struct LinuxImage {
  var setupSectors: UInt8 = 1
  var version: UInt16 = 0x020F
  /// The offset of the jump at 0x200: the header ends so many bytes after 0x202.
  var jump: UInt8 = 0x6A
  var loadFlags: UInt8 = 1
  var code32Start: UInt32 = 0x10_0000
  var initialRAMDiskMaximum: UInt32 = 0x7FFF_FFFF
  var alignment: UInt32 = 0x10_0000
  var isRelocatable = true
  var extendedLoadFlags: UInt16 = 1
  var commandLineSize: UInt32 = 2047
  var payloadOffset: UInt32 = 0
  var payloadLength: UInt32 = 0
  var preferredAddress: UInt64 = 0x20_0000
  var initSize: UInt32 = 0x10_0000
  var versionText = ""
  var codeByteCount = 0x1000
  /// syssize, where it is not what it should be.
  var syssize: UInt32?

  /// A bzImage of protocol 2.15 with a 64-bit entry point, relocatable.
  static let modern = LinuxImage()

  /// An image of an old protocol, whose fields end where that version's did.
  static func old(_ version: UInt16, loadFlags: UInt8 = 1) -> LinuxImage {
    var image = LinuxImage(version: version, loadFlags: loadFlags)
    image.jump =
      switch version {
      case ...0x0200: 0x22
      case 0x0201: 0x24
      case 0x0202: 0x2A
      case 0x0203, 0x0204: 0x2E
      case 0x0205: 0x33
      default: 0x66
      }
    return image
  }

  /// Where the protected-mode code begins in the file.
  var codeOffset: Int { (Int(setupSectors == 0 ? 4 : setupSectors) + 1) * 512 }

  /// The file.
  var bytes: [UInt8] {
    var file = [UInt8](repeating: 0, count: codeOffset)
    file[0x1F1] = setupSectors
    file.set(syssize ?? UInt32((codeByteCount + 15) / 16), at: 0x1F4)
    file.replaceSubrange(0x1FE..<0x200, with: [0x55, 0xAA])
    // What a field would hold that the version does not have: code, which a loader must leave alone.
    for index in 0x202..<file.count { file[index] = 0x90 }
    file[0x200] = 0xEB
    file[0x201] = jump
    file.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    file.set(version, at: 0x206)
    file.set(UInt16(0), at: 0x20E)
    file[0x210] = 0
    file[0x211] = loadFlags
    file.set(UInt16(0), at: 0x212)
    file.set(code32Start, at: 0x214)
    file.set(UInt64(0), at: 0x218)
    if version >= 0x0201 { file.set(UInt16(0), at: 0x224) }
    if version >= 0x0202 { file.set(UInt32(0), at: 0x228) }
    if version >= 0x0203 { file.set(initialRAMDiskMaximum, at: 0x22C) }
    if version >= 0x0205 {
      file.set(alignment, at: 0x230)
      file[0x234] = isRelocatable ? 1 : 0
    }
    if version >= 0x020C { file.set(extendedLoadFlags, at: 0x236) }
    if version >= 0x0206 { file.set(commandLineSize, at: 0x238) }
    if version >= 0x0208 {
      file.set(payloadOffset, at: 0x248)
      file.set(payloadLength, at: 0x24C)
    }
    if version >= 0x0209 { file.set(UInt64(0), at: 0x250) }
    if version >= 0x020A {
      file.set(preferredAddress, at: 0x258)
      file.set(initSize, at: 0x260)
    }
    if !versionText.isEmpty {
      file.set(UInt16(0x80), at: 0x20E)
      file.replaceSubrange(0x280..<0x280 + versionText.utf8.count, with: Array(versionText.utf8))
      file[0x280 + versionText.utf8.count] = 0
    }
    return file + [UInt8](repeating: 0xCC, count: codeByteCount)
  }
}
