import CLinux
import Host
import KVM
import Testing

@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct MemoryTests {
  /// mov byte [0x3000], 1; mov byte [0x9FFF], 2; hlt
  static let writer: [UInt8] = [0xC6, 0x06, 0x00, 0x30, 0x01, 0xC6, 0x06, 0xFF, 0x9F, 0x02, 0xF4]
  static let pageCount = TinyGuest.byteCount / 4096

  @Test func theDirtyLogShowsThePagesThatTheGuestWrote() throws {
    let guest = try TinyGuest(Self.writer, flags: .logDirtyPages)
    // Sound: the slot has this many pages.
    #expect(unsafe try guest.machine.dirtyLog(slot: 0, pageCount: Self.pageCount) == [0])
    #expect(try guest.run() == .hlt)
    #expect(unsafe try guest.machine.dirtyLog(slot: 0, pageCount: Self.pageCount) == [1 << 3 | 1 << 9])
    // Reading it starts it anew.
    #expect(unsafe try guest.machine.dirtyLog(slot: 0, pageCount: Self.pageCount) == [0])
    #expect(guest.byte(at: 0x9FFF) == 2)
  }

  @Test func theDirtyLogIsClearedByHandWhereThatIsSwitchedOn() throws {
    let guest = try TinyGuest(Self.writer, flags: .logDirtyPages) { machine in
      try machine.enableCapability(.manualDirtyLogProtect2, 1)
    }
    #expect(try guest.run() == .hlt)
    for _ in 1...2 {
      // Sound: the slot has this many pages.
      #expect(unsafe try guest.machine.dirtyLog(slot: 0, pageCount: Self.pageCount) == [1 << 3 | 1 << 9])
    }
    try guest.machine.clearDirtyLog(
      slot: 0, firstPage: 0, pageCount: UInt32(Self.pageCount), bitmap: [1 << 3])
    #expect(unsafe try guest.machine.dirtyLog(slot: 0, pageCount: Self.pageCount) == [1 << 9])
    #expect(throws: KVMError.self) {
      try guest.machine.clearDirtyLog(slot: 0, firstPage: 64, pageCount: 64, bitmap: [1])
    }
    #expect(throws: KVMError.self) {
      try guest.machine.clearDirtyLog(slot: 0, firstPage: 0, pageCount: UInt32(Self.pageCount), bitmap: [])
    }
  }

  @Test func aSlotThatDoesNotLogHasNoLog() throws {
    let guest = try TinyGuest()
    let error = #expect(throws: KVMError.self) {
      // Sound: the slot has this many pages.
      _ = unsafe try guest.machine.dirtyLog(slot: 0, pageCount: Self.pageCount)
    }
    #expect(error?.errno == ENOENT)
    #expect(error?.object == "memory slot 0")
  }

  @Test func impossibleSlotsAreRefused() throws {
    let guest = try TinyGuest()
    let memory = try Mapping(byteCount: 8192, source: .anonymous(isReserved: false), purpose: "a test")
    // Sound, all of them: the mapping outlives the machine's use of it.
    let overlapping = #expect(throws: KVMError.self) {
      try unsafe guest.machine.setUserMemoryRegion(
        slot: 1, guestPhysicalAddress: 0xF000, byteCount: 8192, hostMemory: memory.base)
    }
    #expect(overlapping?.errno == EEXIST)
    #expect(overlapping?.description.contains("overlaps") == true)
    let misaligned = #expect(throws: KVMError.self) {
      try unsafe guest.machine.setUserMemoryRegion(
        slot: 1, guestPhysicalAddress: 0x20001, byteCount: 8192, hostMemory: memory.base)
    }
    #expect(misaligned?.errno == EINVAL)
    #expect(throws: KVMError.self) {
      try unsafe guest.machine.setUserMemoryRegion(
        slot: 0x7FFF, guestPhysicalAddress: 0x20000, byteCount: 8192, hostMemory: memory.base)
    }
  }

  @Test func aDeletedSlotIsDeviceMemoryAgain() throws {
    // mov bx, 0x2000; mov ds, bx; mov byte [0], 1; hlt
    let guest = try TinyGuest([0xBB, 0x00, 0x20, 0x8E, 0xDB, 0xC6, 0x06, 0x00, 0x00, 0x01, 0xF4])
    let memory = try Mapping(byteCount: 4096, source: .anonymous(isReserved: false), purpose: "a test")
    // Sound, both: the mapping outlives the machine's use of it.
    try unsafe guest.machine.setUserMemoryRegion(
      slot: 1, guestPhysicalAddress: 0x20000, byteCount: 4096, hostMemory: memory.base)
    #expect(try guest.run() == .hlt)
    try unsafe guest.machine.setUserMemoryRegion(
      slot: 1, guestPhysicalAddress: 0x20000, byteCount: 0, hostMemory: nil)
    var registers = try guest.processor.registers()
    registers.rip = TinyGuest.entry
    try guest.processor.setRegisters(registers)
    #expect(try guest.run() == .mmio)
  }

  @Test func theAddressesForRealModeAreTaken() throws {
    let machine = try KVMDevice().createMachine()
    try machine.setIdentityMapAddress(0xFFFB_C000)
    try machine.setTSSAddress(0xFFFB_D000)
    #expect(throws: KVMError.self) { try machine.setTSSAddress(0xFFFF_F000) }
    try machine.setBootProcessorID(0)
  }
}
