import Boot
import GuestMemory
import Testing

/// Headers that are right in unusual ways, and headers that lie (Linux Documentation/arch/x86/boot.rst).
struct LinuxSetupHeaderTests {
  @Test(arguments: [0, 1, 4, 39, 63, 64, 255] as [UInt8])
  func theCodeFollowsTheSetupSectors(count: UInt8) throws {
    var image = LinuxImage.modern
    image.setupSectors = count
    let segment = try plan(image.bytes).segment(.image)
    // No sectors at all stands for four.
    #expect(segment.fileOffset == UInt64(count == 0 ? 5 : Int(count) + 1) * 512)
    #expect(segment.fileByteCount == 0x1000)
  }

  @Test func aSetupThatTakesTheWholeFileIsRefused() {
    var bytes = LinuxImage.modern.bytes
    bytes[0x1F1] = 255
    #expect(failure(bytes)?.kind == "malformed")
    // Ends with the last byte of its setup.
    #expect(failure(Array(LinuxImage.modern.bytes.prefix(1024)))?.kind == "malformed")
    var short = LinuxImage.modern
    short.codeByteCount = 1
    #expect(failure(short.bytes, mode: .protected) == nil)
  }

  /// Wherever the file ends, that is an error and never more. At first it is no Linux image at all.
  @Test func aTruncatedHeaderIsRefused() {
    let bytes = LinuxImage.modern.bytes
    for count in 0x206..<0x26C { #expect(failure(Array(bytes.prefix(count)))?.kind == "malformed") }
    for count in stride(from: 0, through: bytes.count, by: 61) { _ = failure(Array(bytes.prefix(count))) }
  }

  @Test func theJumpMustEndTheHeaderBehindItsFields() {
    // Of protocol 2.15 the last field that is needed ends at 0x264; the zero page has room up to 0x290.
    for (jump, works) in [
      (0x62, true), (0x61, false), (0x8E, true), (0x8F, false), (0xFF, false), (0, false),
    ] {
      var image = LinuxImage.modern
      image.jump = UInt8(jump)
      #expect((failure(image.bytes) == nil) == works, "\(jump)")
    }
    var bytes = LinuxImage.modern.bytes
    bytes[0x200] = 0xE9
    #expect(failure(bytes)?.kind == "malformed")
  }

  @Test func syssizeMayCutOffWhatFollowsButNotClaimMore() throws {
    var image = LinuxImage.modern
    // A signature follows the code in signed kernels.
    image.syssize = 0x80
    #expect(try plan(image.bytes).segment(.image).fileByteCount == 0x800)
    // The last 16 bytes need not all be there.
    image.syssize = nil
    image.codeByteCount = 0xFF9
    #expect(try plan(image.bytes).segment(.image).fileByteCount == 0xFF9)
    for size in [0x101, 0x102, 0x1000_0000, .max] as [UInt32] {
      image.syssize = size
      #expect(failure(image.bytes)?.kind == "malformed", "\(size)")
    }
    image.syssize = 0
    #expect(try plan(image.bytes).segment(.image).fileByteCount == 0xFF9)
    // Before 2.04 the upper half of the field means nothing.
    var old = LinuxImage.old(0x0203)
    old.syssize = .max
    #expect(try plan(old.bytes).segment(.image).fileByteCount == 0x1000)
  }

  @Test func thePayloadMustLieInTheCode() {
    for (offset, length, works) in [
      (0, 0x1000, true), (0xFFF, 1, true), (0x1000, 1, false), (0xFFF, 2, false), (0, 0x1001, false),
      (.max, 0, true), (.max, 1, false), (1, .max, false), (.max, .max, false),
    ] as [(UInt32, UInt32, Bool)] {
      var image = LinuxImage.modern
      image.payloadOffset = offset
      image.payloadLength = length
      #expect((failure(image.bytes) == nil) == works, "\(offset) \(length)")
    }
  }

  @Test func theBestEntryPointIsTaken() throws {
    var image = LinuxImage.modern
    #expect(try plan(image.bytes).format == .linux64)
    image.extendedLoadFlags = 0
    #expect(try plan(image.bytes).format == .linux32)
    // The flag means nothing before 2.12.
    var older = LinuxImage.modern
    older.version = 0x020B
    #expect(try plan(older.bytes).format == .linux32)
    // Nothing is left at 0x200.
    var short = LinuxImage.modern
    short.codeByteCount = 0x200
    #expect(try plan(short.bytes).format == .linux32)
    // iPXE: high code, but no place to start it at.
    image.code32Start = 0
    #expect(try plan(image.bytes).format == .linux16)
    image.code32Start = 0x10_0000
    image.loadFlags = 0
    #expect(try plan(image.bytes).format == .linux16)
  }

  @Test func modeAsksForAnother() throws {
    let bytes = LinuxImage.modern.bytes
    #expect(try plan(bytes, mode: .long).format == .linux64)
    #expect(try plan(bytes, mode: .protected).format == .linux32)
    #expect(try plan(bytes, mode: .real16).format == .linux16)
    var image = LinuxImage.modern
    image.extendedLoadFlags = 0
    #expect(failure(image.bytes, mode: .long)?.kind == "optionRefused")
    image.loadFlags = 0
    #expect(failure(image.bytes, mode: .long)?.kind == "optionRefused")
    #expect(failure(image.bytes, mode: .protected)?.kind == "optionRefused")
    #expect(failure(image.bytes, mode: .real16) == nil)
  }

  @Test func whereItGoesIsTheKernelsToSay() {
    var wanted = request(LinuxImage.modern.bytes)
    wanted.loadAddress = 0x40_0000
    #expect(failure(wanted)?.kind == "optionRefused")
    wanted.loadAddress = nil
    wanted.entry = 0x20_0000
    #expect(failure(wanted)?.kind == "optionRefused")
  }

  @Test func bothMagicNumbersAreNeeded() throws {
    var bytes = LinuxImage.modern.bytes
    bytes[0x205] = 0x73
    #expect(try plan(bytes).format == .bootSector)
    bytes = LinuxImage.modern.bytes
    bytes[0x1FF] = 0
    #expect(try plan(bytes).format == .flat16)
    // A Multiboot header in the code does not count: this one stands where the protocol fixes it.
    bytes = LinuxImage.modern.bytes
    for (index, field) in ([0x1BAD_B002, 0, 0 &- 0x1BAD_B002] as [UInt32]).enumerated() {
      bytes.set(field, at: 1024 + index * 4)
    }
    #expect(try plan(bytes).format == .linux64)
  }

  @Test func theVersionTextIsTold() throws {
    var image = LinuxImage.modern
    image.versionText = "6.1.0 (somebody@example.org) #1"
    #expect(try plan(image.bytes).notes.contains { $0.contains("6.1.0 (somebody@example.org) #1") })
    #expect(try plan(image.bytes).reason.contains("2.15"))
    // What is no text, or lies elsewhere, is not.
    image.versionText = "6.1.0\u{1B}[31m"
    #expect(try plan(image.bytes).notes.isEmpty)
    var bytes = LinuxImage.modern.bytes
    for offset in [0x1FF, 0x200, 0xFFFF] as [UInt16] {
      bytes.set(offset, at: 0x20E)
      #expect(try plan(bytes).notes.isEmpty)
    }
  }
}
