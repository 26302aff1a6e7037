import CLinux
import Host
import KVM
import Testing

@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct InterruptTests {
  /// Sets the first PIC up for vectors 8 and up, and lets only IRQ 4 through.
  static let setUpPIC: [UInt8] = [
    0xB0, 0x11, 0xE6, 0x20, 0xB0, 0x08, 0xE6, 0x21, 0xB0, 0x04, 0xE6, 0x21, 0xB0, 0x01, 0xE6, 0x21, 0xB0,
    0xEF,
    0xE6, 0x21,
  ]
  /// mov al, 'I'; out 0xE9, al; iret
  static let handler: [UInt8] = [0xB0, 0x49, 0xE6, 0xE9, 0xCF]

  private func requests(_ machine: borrowing KVMMachine) throws -> UInt8 {
    // Sound: the members of the union are plain integers, and this is a PIC.
    unsafe try machine.irqChip(.masterPIC).chip.pic.irr
  }

  @Test func aLineReachesThePIC() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    #expect(try requests(guest.machine) == 0)
    try guest.machine.setLine(irq: 4, level: true)
    #expect(try requests(guest.machine) == 1 << 4)
  }

  @Test func aLineWithoutControllersIsAnError() throws {
    let guest = try TinyGuest()
    let error = #expect(throws: KVMError.self) { try guest.machine.setLine(irq: 4, level: true) }
    #expect(error?.errno == ENXIO)
    #expect(error?.description.contains("Create the interrupt controllers first") == true)
  }

  @Test func theControllersStateIsSet() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    for chip in KVMIRQChip.allCases {
      #expect(try guest.machine.irqChip(chip).chip_id == chip.rawValue)
    }
    var state = try guest.machine.irqChip(.ioapic)
    // Sound: the members of the union are plain integers, and this is the I/O APIC.
    unsafe state.chip.ioapic.id = 5
    unsafe state.chip.ioapic[redirectionOf: 3] = 0x0100_0000_0001_0033
    try guest.machine.setIRQChip(state)
    let now = unsafe try guest.machine.irqChip(.ioapic).chip.ioapic
    #expect(now.id == 5)
    #expect(now[redirectionOf: 3] == 0x0100_0000_0001_0033)
    // Pins that nobody touched are masked.
    #expect(now[redirectionOf: 23] == 1 << 16)
    #expect(now[redirectionOf: 24] == 0 && now[redirectionOf: -1] == 0)
    state.chip_id = 9
    #expect(throws: KVMError.self) { try guest.machine.setIRQChip(state) }
  }

  @Test func routesAreFollowed() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    try guest.machine.setGSIRouting([
      .pin(gsi: 20, chip: .masterPIC, pin: 6), .msi(gsi: 21, address: 0xFEE0_0000, data: 0x41),
    ])
    try guest.machine.setLine(irq: 20, level: true)
    #expect(try requests(guest.machine) == 1 << 6)
    #expect(throws: KVMError.self) {
      try guest.machine.setGSIRouting([.pin(gsi: 0, chip: .masterPIC, pin: 99)])
    }
  }

  @Test func anEventFDRaisesAnInterrupt() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    let event = OwnedDescriptor(takingOver: eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))
    try guest.machine.assignIRQFD(event.rawValue, gsi: 4)
    let again = #expect(throws: KVMError.self) { try guest.machine.assignIRQFD(event.rawValue, gsi: 4) }
    #expect(again?.errno == EBUSY)
    #expect(eventfd_write(event.rawValue, 1) == 0)
    // The kernel passes it on in a work queue.
    let arrived = try eventually { try requests(guest.machine) == 1 << 4 }
    #expect(arrived)
    try guest.machine.deassignIRQFD(event.rawValue, gsi: 4)
    try guest.machine.assignIRQFD(event.rawValue, gsi: 5)
  }

  @Test func aLevelTriggeredEventFDIsAccepted() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    guard guest.machine.check(.irqFDResample) > 0 else { return }
    let event = OwnedDescriptor(takingOver: eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))
    let resample = OwnedDescriptor(takingOver: eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))
    try guest.machine.assignIRQFD(event.rawValue, gsi: 10, resampleFD: resample.rawValue)
    #expect(throws: KVMError.self) {
      try guest.machine.assignIRQFD(event.rawValue, gsi: 11, resampleFD: -1)
    }
    try guest.machine.deassignIRQFD(event.rawValue, gsi: 10)
  }

  @Test func theTimerIsProgrammedByTheGuest() throws {
    // mov al, 0x34; out 0x43, al; mov al, 0x12; out 0x40, al; out 0x40, al; out 0xE9, al
    let guest = try TinyGuest([0xB0, 0x34, 0xE6, 0x43, 0xB0, 0x12, 0xE6, 0x40, 0xE6, 0x40, 0xE6, 0xE9]) {
      machine in try machine.createIRQChip()
    }
    try guest.machine.createPIT2(flags: .speakerDummy)
    #expect(try guest.runToOutput().port == 0xE9)
    var state = try guest.machine.pit2()
    #expect(state.channels.0.mode == 2 && state.channels.0.count == 0x1212)
    state.channels.2.count = 0x4321
    try guest.machine.setPIT2(state)
    #expect(try guest.machine.pit2().channels.2.count == 0x4321)
    let again = #expect(throws: KVMError.self) { try guest.machine.createPIT2() }
    #expect(again?.errno == EEXIST)
  }

  @Test func aTimerNeedsControllers() throws {
    let guest = try TinyGuest()
    let error = #expect(throws: KVMError.self) { try guest.machine.createPIT2() }
    #expect(error?.errno == ENOENT)
    #expect(throws: KVMError.self) { _ = try guest.machine.pit2() }
  }

  @Test func controllersCannotBeMadeTwice() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    #expect(throws: KVMError.self) { try guest.machine.createIRQChip() }
    #expect(throws: KVMError.self) { try guest.machine.splitIRQChip(pins: 24) }
  }

  @Test func anInterruptWakesTheGuestFromHLT() throws {
    // Ready (out 0x80, al); then sti; hlt; then done (out 0x81, al).
    let guest = try TinyGuest(Self.setUpPIC + [0xE6, 0x80, 0xFB, 0xF4, 0xE6, 0x81]) { machine in
      try machine.createIRQChip()
    }
    guest.setHandler(vector: 12, at: 0x3000, Self.handler)
    let statistics = try guest.processor.statistics()
    let found = statistics.descriptor(named: "halt_exits")
    let halts = try #require(found)
    #expect(try guest.runToOutput().port == 0x80)
    let before = try statistics.value(of: halts)
    #expect(before == 0)
    try guest.machine.setLine(irq: 4, level: true)
    #expect(try guest.runToOutput() == .init(port: 0xE9, width: 1, bytes: [0x49]))
    #expect(try guest.runToOutput().port == 0x81)
    let after = try statistics.value(of: halts)
    #expect(after == 1)
  }

  @Test func theLocalAPICIsReadAndSet() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    var state = try guest.processor.localAPIC()
    #expect(bytes(of: state).count == 1024)
    // The task priority register is at 0x80 (SDM Vol. 3, table 11-1).
    // Sound: offset 0x80 is inside the 1024 bytes.
    unsafe withUnsafeMutableBytes(of: &state) { unsafe $0[0x80] = 0x20 }
    try guest.processor.setLocalAPIC(state)
    #expect(bytes(of: try guest.processor.localAPIC())[0x80] == 0x20)
    #expect(try guest.processor.specialRegisters().cr8 == 2)
    #expect(throws: KVMError.self) { _ = try TinyGuest().processor.localAPIC() }
  }

  @Test func applicationProcessorsWait() throws {
    let guest = try TinyGuest { machine in try machine.createIRQChip() }
    let second = try guest.machine.createProcessor(id: 1, runAreaByteCount: guest.device.runAreaByteCount())
    #expect(try guest.processor.mpState() == .runnable)
    #expect(try second.mpState() == .uninitialized)
    try second.setMPState(.halted)
    #expect(try second.mpState() == .halted)
    let taken = #expect(throws: KVMError.self) {
      _ = try guest.machine.createProcessor(id: 1, runAreaByteCount: guest.device.runAreaByteCount())
    }
    #expect(taken?.errno == EEXIST)
  }

  @Test func anInterruptIsInjectedWithoutControllers() throws {
    // sti; nop; out 0x80, al; nop; hlt
    let guest = try TinyGuest([0xFB, 0x90, 0xE6, 0x80, 0x90, 0xF4])
    guest.setHandler(vector: 0x21, at: 0x3000, Self.handler)
    #expect(try guest.runToOutput().port == 0x80)
    // Sound: the run area lives as long as the guest.
    let isReady = unsafe guest.processor.runArea.pointee.ready_for_interrupt_injection
    try #require(isReady == 1)
    try guest.processor.injectInterrupt(vector: 0x21)
    #expect(try guest.runToOutput().port == 0xE9)
    #expect(try guest.run() == .hlt)
  }

  @Test func anNMIIsInjected() throws {
    // out 0x80, al; nop; hlt
    let guest = try TinyGuest([0xE6, 0x80, 0x90, 0xF4])
    guest.setHandler(vector: 2, at: 0x3000, Self.handler)
    #expect(try guest.runToOutput().port == 0x80)
    try guest.processor.injectNMI()
    #expect(try guest.runToOutput().port == 0xE9)
    #expect(try guest.run() == .hlt)
  }

  @Test func aMessageNeedsALocalAPIC() throws {
    let guest = try TinyGuest { machine in try machine.splitIRQChip(pins: 24) }
    // The guest has not switched its local APIC on: the message is lost.
    #expect(try !guest.machine.signalMSI(address: 0xFEE0_0000, data: 0x41))
    let bare = try TinyGuest()
    #expect(throws: KVMError.self) { try bare.machine.signalMSI(address: 0xFEE0_0000, data: 0x41) }
  }
}

/// Whether `condition` becomes true within ten seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<10000 {
    if try condition() { return true }
    usleep(1000)
  }
  return false
}
