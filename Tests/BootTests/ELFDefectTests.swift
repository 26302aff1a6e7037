import Boot
import GuestMemory
import Testing

/// Files that lie. Each of these defects was met in a loader somewhere.
struct ELFDefectTests {
  private func damaged(is64Bit: Bool = true, _ change: (inout ELFFile) -> Void) -> String? {
    var file = ELFFile.simple(is64Bit: is64Bit)
    change(&file)
    return failure(file.bytes)?.kind
  }

  @Test(arguments: [true, false])
  func theTableOfProgramHeaders(is64Bit: Bool) {
    // Beyond the end of the file, and so far that offset + size wraps.
    #expect(damaged(is64Bit: is64Bit) { $0.tableOffset = 0x1000 } == "malformed")
    #expect(damaged(is64Bit: is64Bit) { $0.tableOffset = .max } == "malformed")
    #expect(damaged(is64Bit: is64Bit) { $0.tableOffset = .max - 31 } == "malformed")
    // Entries of another size.
    for size in [0, 1, 31, 55, 57, 64, 0xFFFF] as [UInt16] {
      #expect(damaged(is64Bit: is64Bit) { $0.entrySize = size } == "malformed")
    }
    // None; one more than there are; as many as the field holds; PN_XNUM.
    #expect(damaged(is64Bit: is64Bit) { $0.count = 0 } == "unsupported")
    #expect(damaged(is64Bit: is64Bit) { $0.count = 2000 } == "malformed")
    #expect(damaged(is64Bit: is64Bit) { $0.count = 0xFFFE } == "malformed")
    #expect(damaged(is64Bit: is64Bit) { $0.count = 0xFFFF } == "malformed")
  }

  @Test func aSegmentBeyondTheFile() {
    #expect(damaged { $0.headers[0].offset = 0x1_0000 } == "malformed")
    #expect(damaged { $0.headers[0].offset = .max } == "malformed")
    #expect(damaged { $0.headers[0].offset += 1 } == "malformed")
    #expect(
      damaged {
        $0.headers[0].fileSize = .max
        $0.headers[0].memorySize = .max
      } == "malformed")
  }

  @Test func lessMemoryThanContent() {
    #expect(damaged { $0.headers[0].memorySize = 3 } == "malformed")
    #expect(damaged(is64Bit: false) { $0.headers[0].memorySize = 1 } == "malformed")
  }

  @Test func memoryThatWraps() {
    #expect(damaged { $0.headers[0].memorySize = .max } == "malformed")
    #expect(
      damaged {
        $0.headers[0].physical = .max
        $0.headers[0].virtual = .max
      } == "malformed")
    // The virtual range may wrap: only the physical one is loaded.
    #expect(damaged { $0.headers[0].virtual = .max } == nil)
  }

  @Test func moreMemoryThanThereIs() {
    #expect(damaged { $0.headers[0].memorySize = 16 << 20 } == "outsideMemory")
    #expect(damaged { $0.headers[0].memorySize = 15 << 20 } == nil)
    #expect(damaged { $0.headers[0].memorySize = 1 << 62 } == "outsideMemory")
  }

  @Test(
    arguments: [0x9_FBFF, 0xA_0000, 0xF_FFFF, 0xFF_FFFF, 0xC000_0000, 0xFEE0_0000, 0xFFFF_FFFF] as [UInt64])
  func whereThereIsNoRAM(address: UInt64) {
    #expect(damaged { $0.headers[0].physical = address } == "outsideMemory")
  }

  @Test func theHoleBelow4GiB() {
    let layout = PCMemoryLayout(byteCount: 4 << 30)
    for (address, kind) in [
      (0xBFFF_FFFC, nil), (0xBFFF_FFFD, "outsideMemory"), (0xC000_0000, "outsideMemory"),
      (0xFFFF_FFFE, "outsideMemory"), (0x1_0000_0000, nil), (0x1_3FFF_FFFD, "outsideMemory"),
    ] as [(UInt64, String?)] {
      #expect(failure(ELFFile.simple(at: address).bytes, in: layout)?.kind == kind)
    }
    // From below the hole to above it.
    #expect(failure(ELFFile.simple(at: 0x10_0000, bss: 1 << 32).bytes, in: layout)?.kind == "outsideMemory")
  }

  @Test func overlappingSegments() {
    #expect(damaged { $0.add([1, 2], at: 0x10_0003) } == "overlap")
    #expect(damaged { $0.add([1, 2], at: 0xF_FFFF) } == "outsideMemory")
    #expect(damaged { $0.add([1, 2], at: 0x10_0004) } == nil)
    #expect(damaged { $0.add([1, 2], at: 0x10_0000) } == "overlap")
  }

  @Test(arguments: [0x500, 0x53F, 0xFFF, 0x1000, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x1_5FFF] as [UInt64])
  func aSegmentOnTheBootTables(address: UInt64) {
    let error = failure(ELFFile.simple(at: address).bytes)
    // 0xFFF is free, but four bytes from there reach the boot information.
    #expect(error?.kind == "overlap")
    #expect(error?.description.contains("Segment 0 of guest") == true)
  }

  @Test func aSegmentBetweenTheBootTables() {
    #expect(failure(ELFFile.simple(at: 0x600).bytes) == nil)
    #expect(failure(ELFFile.simple(at: 0x1_6000).bytes) == nil)
    #expect(failure(ELFFile.simple(is64Bit: false, at: 0x1_0000).bytes) == nil)
  }

  @Test(arguments: [0, 0xF_FFFF, 0x10_0004, 0xC000_0000, .max] as [UInt64])
  func anEntryOutsideTheImage(entry: UInt64) {
    #expect(damaged { $0.entry = entry } == "entryOutsideImage")
  }

  @Test func everyPrefixIsRefusedAndNoneTraps() {
    var file = ELFFile.simple()
    file.add(ELFFile.entryNote(0x10_0000), type: 4, at: 0)
    let bytes = file.bytes
    #expect(failure(bytes) == nil)
    // Shorter than the magic number it is not ELF any more.
    for count in 4..<bytes.count { #expect(failure(Array(bytes.prefix(count))) != nil) }
  }

  @Test func everyByteMayBeAnything() {
    var file = ELFFile.simple()
    file.add(ELFFile.entryNote(0x10_0000), type: 4, at: 0)
    let bytes = file.bytes
    for index in bytes.indices {
      for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
        var changed = bytes
        changed[index] = value
        if let plan = try? plan(changed) {
          // Whatever was made of it, the plan keeps its promises.
          #expect(plan.segments.contains { $0.kind == .image && $0.contains(plan.entryPoint) })
        }
      }
    }
  }

  @Test func filesForOtherMachinesAreNamed() {
    for (machine, name) in [(183, "AArch64"), (40, "Arm"), (243, "RISC-V"), (0x1234, "4660")]
      as [(UInt16, String)]
    {
      var file = ELFFile.simple()
      file.machine = machine
      #expect(failure(file.bytes)?.description.contains(name) == true)
    }
    var file = ELFFile.simple()
    file.byteOrder = 2
    file.machine = UInt16(21).byteSwapped
    #expect(failure(file.bytes)?.description.contains("64-bit PowerPC") == true)
    file.machine = UInt16(62).byteSwapped
    #expect(failure(file.bytes)?.kind == "malformed")
  }

  @Test func otherKindsOfELFAreNamed() {
    for (type, word) in [(1, "object file"), (4, "core dump")] as [(UInt16, String)] {
      #expect(
        damaged { $0.type = type } == "unsupported")
      var file = ELFFile.simple()
      file.type = type
      #expect(failure(file.bytes)?.description.contains(word) == true)
    }
    #expect(damaged { $0.type = 3 } == nil)
    #expect(damaged { $0.type = 0 } == "malformed")
    #expect(damaged { $0.add(Array("/lib64/ld.so\0".utf8), type: 3, at: 0) } == "unsupported")
    // x32, and 64-bit files for i386.
    #expect(damaged(is64Bit: false) { $0.machine = 62 } == "unsupported")
    #expect(damaged { $0.machine = 3 } == "unsupported")
    // Static, but linked with the C library.
    #expect(
      damaged { $0.add(ELFFile.note(type: 1, name: "GNU\0", content: [0, 0, 0, 0]), type: 4, at: 0) }
        == "unsupported")
    #expect(
      damaged { $0.add(ELFFile.note(type: 3, name: "GNU\0", content: [0, 0, 0, 0]), type: 4, at: 0) } == nil)
    // No segment to load.
    #expect(damaged { $0.headers[0].type = 2 } == "unsupported")
  }
}
