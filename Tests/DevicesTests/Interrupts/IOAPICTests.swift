import Engine
import Testing

@testable import Devices

/// The I/O APIC against the 82093AA data sheet, and the wiring of the lines.
@Suite struct IOAPICTests {
  @Test func hasTheRegistersOfTheDataSheet() {
    let bench = InterruptBench()
    #expect(bench.ioapic(1) == 0x0017_0011)
    bench.setIOAPIC(1, 0)
    #expect(bench.ioapic(1) == 0x0017_0011, "the version is read-only")
    bench.setIOAPIC(0, 0xFFFF_FFFF)
    #expect(bench.ioapic(0) == 0x0F00_0000)
    #expect(bench.ioapic(2) == 0x0F00_0000, "the arbitration ID follows it")
    #expect((0..<24).allSatisfy { bench.ioapic(0x10 + 2 * $0) == 0x1_0000 })
    bench.setIOAPIC(0x10, 0xFFFF_FFFF)
    bench.setIOAPIC(0x11, 0xFFFF_FFFF)
    #expect(bench.ioapic(0x10) == 0x1_AFFF, "status bits cannot be written")
    #expect(bench.ioapic(0x11) == 0xFF00_0000)
    #expect(bench.ioapic(0x40) == .max)
    #expect(bench.ioapic(0xFF) == .max)
  }

  @Test func indexAndWindowOfEachWidth() {
    let ioapic = InterruptBench().controller.ioapic
    for width in [AccessWidth.byte, .word, .dword, .qword] {
      ioapic.write(0xFFFF_FF01, offset: 0, width: width)
      #expect(ioapic.read(offset: 0, width: width) & 0xFF == 1)
      #expect(ioapic.read(offset: 0x10, width: width) & 0xFF == 0x11)
    }
    #expect(ioapic.read(offset: 0x20, width: .dword) == .max)
    #expect(ioapic.read(offset: 0x04, width: .dword) == .max)
    ioapic.write(0x22, offset: 0x04, width: .dword)
    #expect(ioapic.read(offset: 0, width: .dword) == 1)
  }

  @Test func anEdgeIsDeliveredOnceAndLostWhileMasked() {
    let bench = InterruptBench()
    bench.enable()
    bench.route(20, 0x1_0055)
    bench.controller.setLine(20, level: true)
    bench.route(20, 0x55)
    #expect(bench.take() == nil)
    bench.controller.setLine(20, level: false)
    bench.controller.setLine(20, level: true)
    #expect(bench.take() == 0x55)
    bench.endOfInterrupt()
    bench.controller.setLine(20, level: true)
    #expect(bench.take() == nil)
  }

  @Test func aLevelIsDeliveredAgainAtItsEnd() {
    let bench = InterruptBench()
    bench.enable()
    bench.route(20, 0x1_8055)
    bench.controller.setLine(20, level: true)
    #expect(bench.take() == nil)
    bench.route(20, 0x8055)
    #expect(bench.ioapic(0x38) == 0xC055, "a level that is up is seen when unmasked; remote IRR is set")
    #expect(bench[0x1A0] == 1 << (0x55 - 0x40), "and the local APIC knows that it is a level")
    #expect(bench.take() == 0x55)
    bench.endOfInterrupt()
    #expect(bench.take() == 0x55)
    bench.controller.setLine(20, level: false)
    bench.endOfInterrupt()
    #expect(bench.take() == nil)
    #expect(bench.ioapic(0x38) == 0x8055)
  }

  @Test func remoteIRRIsClearedBySwitchingToEdge() {
    let bench = InterruptBench()
    bench.enable()
    bench.route(20, 0x8055)
    bench.controller.setLine(20, level: true)
    #expect(bench.ioapic(0x38) == 0xC055)
    bench.route(20, 0x1_0055)
    #expect(bench.ioapic(0x38) == 0x1_0055)
  }

  @Test func aLevelThatNobodyAcceptsWaitsForNoEnd() {
    let bench = InterruptBench()
    bench.route(20, 0x8055)
    bench.controller.setLine(20, level: true)
    #expect(bench.ioapic(0x38) == 0x8055)
    bench.enable()
    bench.route(20, 0x8055)
    #expect(bench.take() == 0x55)
  }

  @Test func deliversByEveryMode() {
    let bench = InterruptBench(vcpuCount: 2)
    bench.enable()
    bench.route(20, 1 << 56 | 0x455)
    bench.controller.setLine(20, level: true)
    #expect(bench.ports[1].takeSignals().nmi)
    bench.route(21, 1 << 56 | 0x555)
    bench.controller.setLine(21, level: true)
    #expect(bench.ports[1].takeSignals().initialize)
    bench.enable()
    bench.route(22, 0xFF << 56 | 0x166)
    bench.controller.setLine(22, level: true)
    #expect((0..<2).map { bench.take($0) } == [0x66, nil])
  }

  /// Line 0 is the timer, which a PC has on pin 2; the slave PIC's place, line 2, has no source.
  @Test func linesAreWiredAsOnAPC() {
    let bench = InterruptBench()
    bench.enable()
    for pin in 0..<24 { bench.route(UInt64(pin), UInt64(0x40 + pin)) }
    func vectors(_ line: UInt32) -> [UInt8] {
      bench.controller.setLine(line, level: true)
      var found: [UInt8] = []
      while let vector = bench.take() {
        found.append(vector)
        bench.endOfInterrupt()
        bench.controller.pic.write8(0x20, 0x20)
        bench.controller.pic.write8(0xA0, 0x20)
      }
      return found
    }
    let pic = bench.controller.pic
    for (base, vector) in [(0x20 as UInt64, 0x20 as UInt8), (0xA0, 0x28)] {
      pic.write8(base, 0x11)
      for value in [vector, 4, 1] { pic.write8(base + 1, value) }
    }
    #expect(vectors(0) == [0x20, 0x42], "by LINT0 from the PIC pair, and from the I/O APIC")
    #expect(vectors(2) == [])
    #expect(vectors(4) == [0x24, 0x44])
    #expect(vectors(12) == [0x2C, 0x4C])
    #expect(vectors(16) == [0x50])
    #expect(vectors(23) == [0x57])
    #expect(vectors(24) == [])
    #expect(vectors(.max) == [])
  }
}
