import Engine
import Testing
import X86

@testable import Devices

/// A local APIC against the SDM, Vol. 3A, chapter 11.
@Suite struct LocalAPICTests {
  @Test func wakesUpAsFirmwareLeavesIt() {
    let bench = InterruptBench(vcpuCount: 2)
    #expect(bench[0x20] == 0)
    #expect(bench[0x20, vcpu: 1] == 1 << 24)
    #expect(bench[0x30] == 0x0005_0014)
    #expect(bench[0xF0] == 0xFF)
    #expect(bench[0xE0] == 0xFFFF_FFFF)
    #expect(bench[0x350] == 0x700, "LINT0 passes the PIC pair's interrupts")
    #expect(bench[0x350, vcpu: 1] == 0x1_0000)
    #expect([0x320, 0x330, 0x340, 0x360, 0x370].allSatisfy { bench[$0] == 0x1_0000 })
    #expect(bench.ports[0].read(.apicBase) == 0xFEE0_0900)
    #expect(bench.ports[1].read(.apicBase) == 0xFEE0_0800)
  }

  @Test func takesTheHighestAndNestsByClass() {
    let bench = InterruptBench()
    bench.enable()
    for vector in [0x31, 0x52, 0x55] as [UInt64] { bench[0x300] = UInt32(0x4_4000 | vector) }
    #expect(bench[0x220] == 1 << (0x52 - 0x40) | 1 << (0x55 - 0x40))
    #expect(bench.take() == 0x55)
    #expect(bench[0xA0] == 0x50, "the processor's priority is that of the one in service")
    #expect(bench.take() == nil, "0x52 is of the same class")
    bench[0x300] = 0x4_4061
    #expect(bench.take() == 0x61)
    #expect(bench[0x120] == 1 << (0x55 - 0x40))
    #expect(bench[0x130] == 1 << (0x61 - 0x60))
    bench.endOfInterrupt()
    #expect(bench.take() == nil)
    bench.endOfInterrupt()
    #expect(bench.take() == 0x52)
    bench.endOfInterrupt()
    #expect(bench.take() == 0x31)
    bench.endOfInterrupt()
    bench.endOfInterrupt()
    #expect(bench[0xA0] == 0)
  }

  @Test func theTaskPriorityHoldsBack() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x80] = 0x4F
    bench[0x300] = 0x4_404F
    #expect(!bench.ports[0].hasInterrupt)
    #expect(bench[0xA0] == 0x4F)
    #expect(bench.ports[0].taskPriority == 4)
    bench.ports[0].taskPriority = 4
    #expect(bench[0x80] == 0x4F, "CR8 says what it said: the sub-class stays")
    // The guest may have lowered CR8 without an exit, so its vCPU is asked every millisecond.
    #expect(bench.wakes() == 1)
    bench.clock.advance(5_500_000)
    #expect(bench.wakes() == 6)
    bench.ports[0].taskPriority = 3
    #expect(bench[0x80] == 0x30)
    #expect(bench.wakes() == 7)
    #expect(bench.take() == 0x4F)
    #expect(bench.clock.deadline == nil)
    bench[0x300] = 0x4_404E
    bench.clock.advance(5_500_000)
    #expect(bench.wakes() == 7, "an interrupt in service is ended with an exit, so nobody has to ask")
  }

  @Test func saysOnlyOnceThatThereIsSomething() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x300] = 0x4_4031
    bench[0x300] = 0x4_4042
    #expect(bench.wakes() == 1, "what was not looked at needs no second call")
    #expect(bench.take() == 0x42)
    bench.endOfInterrupt()
    #expect(bench.wakes() == 2, "the end lets the other one through")
  }

  @Test func switchedOffBySoftwareItAcceptsNothingAndMasksItsTable() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x370] = 0x33
    bench[0x300] = 0x4_4031
    bench[0xF0] = 0xFF
    #expect(bench[0x370] == 0x1_0033)
    bench[0x370] = 0x44
    #expect(bench[0x370] == 0x1_0044, "an entry cannot be unmasked meanwhile")
    #expect(!bench.ports[0].hasInterrupt)
    bench[0x300] = 0x4_4042
    bench[0xF0] = 0x1FF
    #expect(bench[0x220] == 0)
    #expect(bench.take() == 0x31, "what was accepted before is kept")
  }

  @Test func sendsToWhomTheCommandSays() {
    let bench = InterruptBench(vcpuCount: 4)
    bench.enable()
    func receivers(_ command: UInt32, high: UInt32 = 0) -> [Int] {
      bench[0x310] = high << 24
      bench[0x300] = command
      return (0..<4).filter { vcpu in
        guard bench.take(vcpu) != nil else { return false }
        bench.endOfInterrupt(vcpu)
        return true
      }
    }
    #expect(receivers(0x41, high: 2) == [2])
    #expect(receivers(0x41, high: 9) == [])
    #expect(receivers(0x41, high: 0xFF) == [0, 1, 2, 3])
    #expect(receivers(0x4_0041) == [0])
    #expect(receivers(0x8_0041) == [0, 1, 2, 3])
    #expect(receivers(0xC_0041) == [1, 2, 3])
    // Flat logical destinations: a bit for each.
    for vcpu in 0..<4 { bench[0xD0, vcpu: vcpu] = 1 << (24 + UInt32(vcpu)) }
    #expect(receivers(0x0841, high: 0b1010) == [1, 3])
    // Clusters of four bits.
    for vcpu in 0..<4 {
      bench[0xE0, vcpu: vcpu] = 0x0FFF_FFFF
      bench[0xD0, vcpu: vcpu] = (vcpu < 2 ? 0x10 : 0x20) << 24 | 1 << (24 + UInt32(vcpu % 2))
    }
    #expect(receivers(0x0841, high: 0x23) == [2, 3])
    #expect(receivers(0x0841, high: 0x11) == [0])
    #expect(bench[0x300] == 0x0841)
  }

  @Test func theLeastBusyTakesWhatIsForOne() {
    let bench = InterruptBench(vcpuCount: 3)
    bench.enable()
    bench[0x80, vcpu: 0] = 0x20
    bench[0x80, vcpu: 1] = 0x10
    bench[0x80, vcpu: 2] = 0x10
    bench[0x310] = 0xFF << 24
    bench[0x300] = 0x141
    #expect((0..<3).map { bench.take($0) } == [nil, 0x41, nil])
    bench[0x300] = 0x141
    #expect((0..<3).map { bench.take($0) } == [nil, nil, 0x41], "vCPU 1 serves one already")
  }

  @Test func carriesSignals() {
    let bench = InterruptBench(vcpuCount: 2)
    bench[0x310] = 1 << 24
    bench[0x300] = 0x4400  // NMI, also to one that is switched off by software
    var signals = ProcessorSignals()
    signals.nmi = true
    #expect(bench.ports[1].hasSignals)
    #expect(bench.wakes(1) == 1)
    #expect(bench.ports[1].takeSignals() == signals)
    #expect(!bench.ports[1].hasSignals)

    bench[0xF0, vcpu: 1] = 0x1FF
    bench[0x80, vcpu: 1] = 0x33
    bench[0x300] = 0xC500  // INIT, assert
    bench[0x300] = 0x8500  // and de-assert, which does nothing
    bench[0x300] = 0x4612  // a start-up IPI
    signals = ProcessorSignals()
    signals.initialize = true
    signals.startupVector = 0x12
    #expect(bench.ports[1].takeSignals() == signals)
    #expect(bench[0xF0, vcpu: 1] == 0xFF, "INIT resets the local APIC")
    #expect(bench[0x80, vcpu: 1] == 0)
    #expect(bench[0x20, vcpu: 1] == 1 << 24, "but not its ID")

    bench[0x300] = 0x4612
    bench[0x300] = 0xC500
    signals.startupVector = nil
    #expect(bench.ports[1].takeSignals() == signals, "an INIT that comes later undoes the start-up IPI")
  }

  @Test func notesErrors() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x370] = 0x77
    bench[0x300] = 0x4_4008
    #expect(bench[0x280] == 0, "shown once the register is written")
    #expect(bench.take() == 0x77)
    bench.endOfInterrupt()
    _ = bench[0x50]
    #expect(bench.take() == nil, "one interrupt until the register is written")
    bench[0x280] = 0
    #expect(bench[0x280] == 0xA0)
    bench.controller.signal(MSIMessage(address: 0xFEE0_0000, data: 0x05))
    #expect(bench.take() == 0x77)
    bench[0x280] = 0
    #expect(bench[0x280] == 0x40)
    bench[0x280] = 0
    #expect(bench[0x280] == 0)
    // An error interrupt with an illegal vector is an error too: no endless descent.
    bench[0x370] = 0x03
    bench[0x300] = 0x4_4008
    bench[0x280] = 0
    #expect(bench[0x280] == 0x60)
  }

  @Test func takesMessagesOfDevices() {
    let bench = InterruptBench(vcpuCount: 3)
    bench.enable()
    bench.controller.signal(MSIMessage(address: 0xFEE0_1000, data: 0x61))
    #expect((0..<3).map { bench.take($0) } == [nil, 0x61, nil])
    bench.endOfInterrupt(1)
    bench.controller.signal(MSIMessage(address: 0xFEEF_F000, data: 0x62))
    #expect((0..<3).map { bench.take($0) } == [0x62, 0x62, 0x62])
    for vcpu in 0..<3 { bench.endOfInterrupt(vcpu) }
    bench.controller.signal(MSIMessage(address: 0xFEEF_F008, data: 0x73))
    #expect((0..<3).map { bench.take($0) } == [0x73, nil, nil], "the redirection hint: one is enough")
    bench.controller.signal(MSIMessage(address: 0xFEE0_2000, data: 0x0400))
    #expect(bench.ports[2].takeSignals().nmi)
    bench.controller.signal(MSIMessage(address: 0xFED0_0000, data: 0x84))
    bench.controller.signal(MSIMessage(address: 0x1_FEE0_0000, data: 0x84))
    #expect((0..<3).allSatisfy { !bench.ports[$0].hasInterrupt })
  }

  // MARK: The timer

  @Test func countsDownOnce() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x3E0] = 0b0011  // divided by 16
    bench[0x320] = 0x40
    bench[0x380] = 1000
    bench.clock.advance(1600)
    #expect(bench[0x390] == 900)
    bench.clock.advance(14_399)
    #expect(bench[0x390] == 1)
    #expect(!bench.ports[0].hasInterrupt)
    bench.clock.advance(1)
    #expect(bench[0x390] == 0)
    #expect(bench.take() == 0x40)
    bench.endOfInterrupt()
    bench.clock.advance(1_000_000)
    #expect(bench.take() == nil)
    #expect(bench[0x380] == 1000)
  }

  @Test(arguments: [
    (UInt32(0b0000), UInt64(2)), (0b0001, 4), (0b0010, 8), (0b0011, 16), (0b1000, 32), (0b1001, 64),
    (0b1010, 128), (0b1011, 1),
  ])
  func dividesItsClock(_ configuration: UInt32, _ divisor: UInt64) {
    let bench = InterruptBench()
    bench[0x3E0] = configuration
    #expect(bench[0x3E0] == configuration)
    bench[0x380] = 1_000_000
    bench.clock.advance(Int64(divisor) * 10)
    #expect(bench[0x390] == 999_990)
  }

  @Test func countsDownForEver() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x3E0] = 0b1011
    bench[0x320] = 0x2_0040
    bench[0x380] = 100_000
    for _ in 0..<5 {
      bench.clock.advance(100_000)
      #expect(bench.take() == 0x40)
      bench.endOfInterrupt()
    }
    bench.clock.advance(250_000)
    #expect(bench.take() == 0x40, "what was missed is one interrupt")
    #expect(bench[0x390] == 50_000)
    bench.endOfInterrupt()
    bench[0x380] = 0
    bench.clock.advance(1_000_000)
    #expect(bench.take() == nil)
    #expect(bench.clock.deadline == nil, "a timer that stands costs the host nothing")
  }

  @Test func goesOnAtTheNewSpeed() {
    let bench = InterruptBench()
    bench[0x3E0] = 0b1011
    bench[0x380] = 1000
    bench.clock.advance(400)
    bench[0x3E0] = 0b0000
    #expect(bench[0x390] == 600)
    bench.clock.advance(200)
    #expect(bench[0x390] == 500)
  }

  @Test func aShortPeriodDoesNotKeepTheHostBusy() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x3E0] = 0b1011
    bench[0x320] = 0x2_0040
    let before = bench.clock.armCount
    bench[0x380] = 1
    bench.clock.advance(10_000_000)
    #expect(bench.clock.armCount - before < 250, "ten milliseconds, at most every 50 microseconds")
    #expect(bench.take() == 0x40)
  }

  @Test func aMaskedTimerCountsButIsNotSet() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x3E0] = 0b1011
    bench[0x380] = 1_000_000
    #expect(bench.clock.deadline == nil)
    bench.clock.advance(500_000)
    #expect(bench[0x390] == 500_000)
    bench[0x320] = 0x40
    bench.clock.advance(500_000)
    #expect(bench.take() == 0x40)
    bench.endOfInterrupt()
    // What expires while masked is lost.
    bench[0x320] = 0x1_0040
    bench[0x380] = 1000
    bench.clock.advance(5000)
    bench[0x320] = 0x40
    bench.clock.advance(5000)
    #expect(bench.take() == nil)
  }

  @Test func goesByTheTimeStampCounter() {
    let bench = InterruptBench()
    bench.enable()
    let port = bench.ports[0]
    #expect(port.write(.timeStampDeadline, 5000))
    #expect(port.read(.timeStampDeadline) == 0, "in another mode it is ignored")
    bench[0x320] = 0x4_0040
    bench[0x380] = 1000
    #expect(bench[0x390] == 0, "and in this mode the count is")
    #expect(port.write(.timeStampDeadline, 101_000))
    #expect(port.read(.timeStampDeadline) == 101_000)
    bench.clock.advance(49_999)
    #expect(bench.take() == nil)
    bench.clock.advance(1)
    #expect(bench.guestClocks[0].timeStamp == 101_000)
    #expect(port.read(.timeStampDeadline) == 0)
    #expect(bench.take() == 0x40)
    bench.endOfInterrupt()
    #expect(port.write(.timeStampDeadline, 1))
    #expect(bench.take() == 0x40, "a moment that has passed is now")
    bench.endOfInterrupt()
    #expect(port.write(.timeStampDeadline, .max))
    #expect(port.write(.timeStampDeadline, 0))
    bench.clock.advance(1_000_000)
    #expect(bench.take() == nil)
    #expect(port.write(.timeStampDeadline, 9_000_000))
    bench[0x320] = 0x40
    #expect(port.read(.timeStampDeadline) == 0, "leaving the mode disarms it")
  }
}
