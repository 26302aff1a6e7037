import CLinux
import Host
import KVM
import Testing

@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct RunningTests {
  @Test func aPortWriteLeavesTheGuestAndHLTEndsIt() throws {
    // mov al, 'A'; out 0xE9, al; hlt
    let guest = try TinyGuest([0xB0, 0x41, 0xE6, 0xE9, 0xF4])
    #expect(try guest.runToOutput() == .init(port: 0xE9, width: 1, bytes: [0x41]))
    #expect(try guest.run() == .hlt)
    #expect(try guest.processor.registers().rip == TinyGuest.entry + 5)
  }

  @Test func aPortReadTakesTheAnswerFromTheRunArea() throws {
    // in ax, 0x60; hlt
    let guest = try TinyGuest([0xE5, 0x60, 0xF4])
    #expect(try guest.run() == .io)
    // Sound: the kernel keeps the data inside the run area.
    unsafe UnsafeMutableRawPointer(guest.processor.runArea).storeBytes(
      of: 0xBEEF, toByteOffset: Int(guest.processor.runArea.pointee.io.data_offset), as: UInt16.self)
    #expect(try guest.run() == .hlt)
    #expect(try guest.processor.registers().rax & 0xFFFF == 0xBEEF)
  }

  @Test func aStringOfOutputArrivesWhole() throws {
    // mov si, 0x2000; mov cx, 5; mov dx, 0x3F8; cld; rep outsb; hlt
    let guest = try TinyGuest([
      0xBE, 0x00, 0x20, 0xB9, 0x05, 0x00, 0xBA, 0xF8, 0x03, 0xFC, 0xF3, 0x6E, 0xF4,
    ])
    guest.write(Array("hello".utf8), at: 0x2000)
    // How many bytes come at a time is the kernel's choice.
    var text: [UInt8] = []
    while try guest.run() == .io {
      #expect(guest.output.port == 0x3F8 && guest.output.width == 1)
      text += guest.output.bytes
    }
    #expect(text == Array("hello".utf8))
  }

  @Test func deviceMemoryIsWrittenAndRead() throws {
    // mov bx, 0x2000; mov ds, bx; mov byte [0x10], 0x5A; mov al, [0x12]; hlt
    let guest = try TinyGuest([
      0xBB, 0x00, 0x20, 0x8E, 0xDB, 0xC6, 0x06, 0x10, 0x00, 0x5A, 0xA0, 0x12, 0x00, 0xF4,
    ])
    #expect(try guest.run() == .mmio)
    // Sound: the run area lives as long as the guest, and the exit's reason is device memory.
    let write = unsafe guest.processor.runArea.pointee.mmio
    #expect(write.phys_addr == 0x20010 && write.len == 1 && write.is_write == 1 && write.data.0 == 0x5A)
    #expect(try guest.run() == .mmio)
    // Sound: as above.
    let read = unsafe guest.processor.runArea.pointee.mmio
    #expect(read.phys_addr == 0x20012 && read.len == 1 && read.is_write == 0)
    unsafe guest.processor.runArea.pointee.mmio.data.0 = 0x77
    #expect(try guest.run() == .hlt)
    #expect(try guest.processor.registers().rax & 0xFF == 0x77)
  }

  @Test func aReadOnlySlotIsReadInPlaceAndItsWritesLeaveTheGuest() throws {
    let rom = try Mapping(byteCount: 4096, source: .anonymous(isReserved: false), purpose: "a ROM")
    // Sound: offset 4 is inside the mapping.
    unsafe rom.base.storeBytes(of: 0x99, toByteOffset: 4, as: UInt8.self)
    // mov bx, 0x2000; mov ds, bx; mov al, [4]; out 0xE9, al; mov byte [4], 1; hlt
    let guest = try TinyGuest([
      0xBB, 0x00, 0x20, 0x8E, 0xDB, 0xA0, 0x04, 0x00, 0xE6, 0xE9, 0xC6, 0x06, 0x04, 0x00, 0x01, 0xF4,
    ])
    // Sound: the mapping outlives the run.
    try unsafe guest.machine.setUserMemoryRegion(
      slot: 1, flags: .readOnly, guestPhysicalAddress: 0x20000, byteCount: 4096, hostMemory: rom.base)
    #expect(try guest.runToOutput().bytes == [0x99])
    #expect(try guest.run() == .mmio)
    // Sound: the run area lives as long as the guest, and the exit's reason is device memory.
    let write = unsafe guest.processor.runArea.pointee.mmio
    #expect(write.phys_addr == 0x20004 && write.is_write == 1)
    #expect(try guest.run() == .hlt)
    let kept = unsafe rom.base.load(fromByteOffset: 4, as: UInt8.self)
    #expect(kept == 0x99)
  }

  @Test func immediateExitComesBeforeTheGuest() async throws {
    let guest = try TinyGuest([0xB0, 0x41, 0xE6, 0xE9, 0xF4])
    let flag = guest.processor.immediateExit
    #expect(!flag.isSet)
    // Another thread sets it.
    await Task.detached { flag.set() }.value
    #expect(guest.processor.run() == -EINTR)
    #expect(try guest.processor.registers().rip == TinyGuest.entry)
    flag.set(false)
    #expect(try guest.runToOutput().bytes == [0x41])
  }

  @Test func theFlagOutlivesTheProcessor() throws {
    func flag() throws -> ImmediateExitFlag { try TinyGuest().processor.immediateExit }
    let orphan = try flag()
    orphan.set()
    #expect(orphan.isSet)
  }

  @Test func aSignalThatTheMaskLetsThroughInterruptsRun() throws {
    let guest = try TinyGuest([0xB0, 0x41, 0xE6, 0xE9, 0xF4])
    // Sound: plain C calls with pointers to locals. The signal is blocked in this thread, sent to
    // this thread, and taken off again before the thread's mask is restored.
    var set = sigset_t()
    var old = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGUSR1)
    unsafe pthread_sigmask(SIG_BLOCK, &set, &old)
    pthread_kill(pthread_self(), SIGUSR1)
    try guest.processor.setSignalMask(.max)
    let blocked = guest.processor.run()
    let first = guest.output
    try guest.processor.setSignalMask(0)
    let interrupted = guest.processor.run()
    var signal: Int32 = 0
    unsafe sigwait(&set, &signal)
    unsafe pthread_sigmask(SIG_SETMASK, &old, nil)
    try guest.processor.setSignalMask(nil)
    #expect(blocked == 0)
    #expect(first.bytes == [0x41])
    #expect(interrupted == -EINTR)
    #expect(signal == SIGUSR1)
    #expect(try guest.run() == .hlt)
  }

  @Test func registersAreSharedInTheRunArea() throws {
    // mov ax, 0x1234; hlt; (then) hlt
    let guest = try TinyGuest([0xB8, 0x34, 0x12, 0xF4, 0xF4])
    guard UInt64(guest.machine.check(.syncRegisters)) & KVMSyncFields.registers.rawValue != 0 else { return }
    guest.processor.setSynchronizedFields(.registers)
    #expect(try guest.run() == .hlt)
    // Sound: the run area lives as long as the guest.
    let shared = unsafe guest.processor.syncRegisters.pointee.regs
    #expect(shared.rax & 0xFFFF == 0x1234)
    #expect(bytes(of: shared) == bytes(of: try guest.processor.registers()))
    // Back to the start, with another value to be overwritten.
    unsafe guest.processor.syncRegisters.pointee.regs.rip = TinyGuest.entry
    unsafe guest.processor.syncRegisters.pointee.regs.rbx = 0x5678
    guest.processor.markSynchronizedFieldsChanged(.registers)
    #expect(try guest.run() == .hlt)
    let registers = try guest.processor.registers()
    #expect(registers.rip == TinyGuest.entry + 4 && registers.rbx == 0x5678)
  }

  @Test func aWriteToAPortSignalsAnEventFD() throws {
    // mov dx, 0x600; mov ax, 7; out dx, ax; mov ax, 8; out dx, ax; mov ax, 7; out dx, ax; hlt
    let guest = try TinyGuest([
      0xBA, 0x00, 0x06, 0xB8, 0x07, 0x00, 0xEF, 0xB8, 0x08, 0x00, 0xEF, 0xB8, 0x07, 0x00, 0xEF, 0xF4,
    ])
    let event = OwnedDescriptor(takingOver: eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))
    let write = KVMIOEvent(address: .port(0x600), width: 2, match: 7)
    try guest.machine.assignIOEventFD(event.rawValue, to: write)
    let again = #expect(throws: KVMError.self) {
      try guest.machine.assignIOEventFD(event.rawValue, to: write)
    }
    #expect(again?.errno == EEXIST)
    // The 7 does not leave the guest; the 8 does.
    #expect(try guest.runToOutput().bytes == [8, 0])
    var count: UInt64 = 0
    // Sound: eventfd_read writes one number.
    #expect(unsafe eventfd_read(event.rawValue, &count) == 0)
    #expect(count == 1)
    try guest.machine.deassignIOEventFD(event.rawValue, from: write)
    #expect(try guest.runToOutput().bytes == [7, 0])
    #expect(throws: KVMError.self) { try guest.machine.deassignIOEventFD(event.rawValue, from: write) }
  }

  @Test func aWriteToDeviceMemorySignalsAnEventFD() throws {
    // mov bx, 0x2000; mov ds, bx; mov byte [0x10], 0x5A; hlt
    let guest = try TinyGuest([0xBB, 0x00, 0x20, 0x8E, 0xDB, 0xC6, 0x06, 0x10, 0x00, 0x5A, 0xF4])
    let event = OwnedDescriptor(takingOver: eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))
    try guest.machine.assignIOEventFD(
      event.rawValue, to: KVMIOEvent(address: .memory(0x20010), width: 1))
    #expect(try guest.run() == .hlt)
    var count: UInt64 = 0
    // Sound: eventfd_read writes one number.
    #expect(unsafe eventfd_read(event.rawValue, &count) == 0)
    #expect(count == 1)
  }
}
