import Engine
import Testing
import X86

@testable import Devices

/// How a local APIC is switched on and off, its page, and its model-specific registers (SDM Vol. 3A, 11.4
/// and 11.12).
@Suite struct LocalAPICModesTests {
  private static let enable = LocalAPICBase.address | LocalAPICBase.enable
  private static let x2APIC = enable | LocalAPICBase.x2APICMode

  @Test func onlySomeChangesOfModeAreAllowed() {
    let disabled = LocalAPICBase.address
    let extendedAlone = LocalAPICBase.address | LocalAPICBase.x2APICMode
    let allowed: [(UInt64, UInt64, Bool)] = [
      (Self.enable, Self.x2APIC, true), (Self.enable, disabled, true), (Self.enable, extendedAlone, false),
      (Self.x2APIC, Self.enable, false), (Self.x2APIC, disabled, true), (disabled, Self.x2APIC, false),
      (disabled, Self.enable, true), (disabled, extendedAlone, false), (Self.x2APIC, Self.x2APIC, true),
    ]
    for (from, to, isAllowed) in allowed {
      let port = InterruptBench().ports[0]
      #expect(port.write(.apicBase, from))
      #expect(port.write(.apicBase, to) == isAllowed)
      #expect(port.read(.apicBase) == (isAllowed ? to : from))
    }
    let port = InterruptBench().ports[0]
    for reserved in [1 << 0, 1 << 9, 1 << 52, 1 << 63] as [UInt64] {
      #expect(!port.write(.apicBase, Self.enable | reserved))
    }
  }

  @Test func whatIsSwitchedOffForgetsAndIsNotThere() {
    let bench = InterruptBench()
    bench.enable()
    bench[0x80] = 0x55
    bench[0x300] = 0x4_4071
    let port = bench.ports[0]
    #expect(port.write(.apicBase, LocalAPICBase.address))
    #expect(!port.hasInterrupt)
    #expect(bench[0x30] == .max)
    // Without a local APIC the PIC pair is wired to the processor.
    bench.controller.setLine(1, level: true)
    #expect(port.hasInterrupt)
    #expect(bench.take() != nil)
    #expect(port.write(.apicBase, Self.enable))
    #expect(bench[0x80] == 0)
    #expect(bench[0x230] == 0)
    #expect(bench[0xF0] == 0xFF)
  }

  @Test func thePageCannotBeFoundWhereItWasMovedFrom() {
    let bench = InterruptBench()
    #expect(bench.ports[0].write(.apicBase, 0xFE00_0000 | LocalAPICBase.enable))
    #expect(bench[0x30] == .max)
    #expect(bench.ports[0].write(.apicBase, Self.enable))
    #expect(bench[0x30] == 0x0005_0014)
  }

  @Test func aRegisterOfThePageIsFourBytesOfSixteen() {
    let bench = InterruptBench()
    let port = bench.ports[0]
    #expect(port.read8(0x30) == 0x14)
    #expect(port.read8(0x32) == 0x05)
    #expect(port.read(offset: 0x32, width: .word) == 0x0005)
    #expect(port.read(offset: 0x30, width: .qword) == .max)
    #expect(port.read(offset: 0x34, width: .dword) == .max)
    #expect(port.read(offset: 0x33, width: .word) == .max)
    port.write(0x1FF, offset: 0xF1, width: .dword)
    port.write(0x1FF, offset: 0xF0, width: .word)
    port.write(0x1FF, offset: 0xF0, width: .qword)
    #expect(bench[0xF0] == 0xFF, "only whole registers are written")
  }

  @Test func x2APICRegistersAreModelSpecific() {
    let bench = InterruptBench(vcpuCount: 20)
    let port = bench.ports[18]
    #expect(port.read(MSR(rawValue: 0x803)) == nil, "not in xAPIC mode")
    for port in bench.ports { #expect(port.write(.apicBase, Self.x2APIC)) }
    #expect(port.read(offset: 0x30, width: .dword) == .max, "and the page is gone")
    #expect(port.read(MSR(rawValue: 0x802)) == 18)
    #expect(port.read(MSR(rawValue: 0x803)) == 0x0005_0014)
    #expect(port.read(MSR(rawValue: 0x80D)) == 0x0001_0004, "cluster 1, bit 2")
    #expect(port.write(MSR(rawValue: 0x80F), 0x1FF))
    // The page's index for the high half of the command register has no number here.
    #expect(bench.ports[0].write(MSR(rawValue: 0x80F), 0x1FF))
    #expect(bench.ports[0].write(MSR(rawValue: 0x830), 18 << 32 | 0x61))
    #expect(bench.take(18) == 0x61)
    #expect(port.write(MSR(rawValue: 0x80B), 0))
    #expect(bench.ports[0].write(MSR(rawValue: 0x830), 0x0001_0004 << 32 | 0x862))
    #expect(bench.take(18) == 0x62, "by its logical ID")
    #expect(port.write(MSR(rawValue: 0x80B), 0))
    #expect(port.write(MSR(rawValue: 0x83F), 0x63))
    #expect(bench.take(18) == 0x63, "to itself")
    #expect(bench.ports[0].write(MSR(rawValue: 0x830), 0xFFFF_FFFF << 32 | 0x471))
    #expect(bench.ports.allSatisfy { $0.takeSignals().nmi }, "a broadcast")
    #expect(bench.ports[0].read(MSR(rawValue: 0x830)) == 0xFFFF_FFFF_0000_0471 as UInt64)
  }

  /// What raises #GP: read-only, write-only and absent registers, and reserved bits.
  @Test func whatX2APICRefuses() {
    let port = InterruptBench().ports[0]
    #expect(port.write(.apicBase, Self.x2APIC))
    let unreadable: [UInt32] = [0x800, 0x804, 0x809, 0x80B, 0x80C, 0x80E, 0x831, 0x83A, 0x83F, 0x840, 0x8FF]
    #expect(unreadable.allSatisfy { port.read(MSR(rawValue: $0)) == nil })
    let unwritable: [UInt32] = [
      0x800, 0x802, 0x803, 0x809, 0x80A, 0x80C, 0x80D, 0x80E, 0x810, 0x818, 0x820, 0x831, 0x839, 0x840, 0x8FF,
    ]
    #expect(unwritable.allSatisfy { !port.write(MSR(rawValue: $0), 0) })
    let reserved: [(UInt32, UInt64)] = [
      (0x808, 0x100), (0x80B, 1), (0x80F, 0x400), (0x828, 1), (0x830, 1 << 13), (0x830, 1 << 20),
      (0x832, 1 << 19), (0x835, 1 << 11), (0x837, 1 << 8), (0x838, 1 << 32), (0x83E, 1 << 2), (0x83F, 0x100),
    ]
    for (register, value) in reserved { #expect(!port.write(MSR(rawValue: register), value)) }
    #expect(port.read(MSR(rawValue: 0x10)) == nil)
    #expect(!port.write(MSR(rawValue: 0xC000_0080), 0))
  }

  @Test func anythingMayBeWrittenAnywhere() {
    let bench = InterruptBench(vcpuCount: 3)
    var random = SeededGenerator(state: 11)
    func any() -> UInt64 { .random(in: 0...UInt64.max, using: &random) }
    for _ in 0..<50_000 {
      let port = bench.ports.randomElement(using: &random)!
      let width: AccessWidth = [.byte, .word, .dword, .qword].randomElement(using: &random)!
      let offset = any() % 3 == 0 ? any() % 0x1000 : any() % 0x40 * 16
      switch any() % 12 {
      case 0: _ = port.read(offset: offset, width: width)
      case 1..<5: port.write(any() >> (any() % 64), offset: offset, width: width)
      case 5: _ = port.read(MSR(rawValue: UInt32(0x800 + any() % 0x100)))
      case 6: _ = port.write(MSR(rawValue: UInt32(0x800 + any() % 0x100)), any() >> (any() % 64))
      case 7: _ = port.write(.apicBase, LocalAPICBase.address | (any() % 4) << 10)
      case 8: _ = port.write(.timeStampDeadline, any() >> (any() % 64))
      case 9: bench.clock.advance(Int64(any() % 1_000_000))
      case 10:
        bench.controller.ioapic.write(any() >> (any() % 64), offset: any() % 2 * 16, width: width)
        bench.controller.setLine(UInt32(truncatingIfNeeded: any() % 26), level: any() % 2 == 0)
        bench.controller.signal(
          MSIMessage(address: 0xFEE0_0000 | any() % 0x10_0000, data: UInt32(any() >> 32)))
      default:
        _ = port.hasInterrupt ? port.acknowledge() : nil
        _ = port.takeSignals()
        port.taskPriority = UInt8(any() % 16)
      }
    }
  }
}
