import CLinux
import Host
import KVM
import Testing

@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct StatisticsTests {
  @Test func exitsAreCounted() throws {
    // mov al, 'A'; out 0xE9, al; out 0xE9, al; hlt
    let guest = try TinyGuest([0xB0, 0x41, 0xE6, 0xE9, 0xE6, 0xE9, 0xF4])
    let statistics = try guest.processor.statistics()
    let names = statistics.descriptors.map(\.name)
    #expect(Set(names).count == names.count)
    let missing = statistics.descriptor(named: "no such thing")
    #expect(missing == nil)
    let found = statistics.descriptor(named: "exits")
    let exits = try #require(found)
    let before = try statistics.value(of: exits)
    while try guest.run() == .io {}
    let after = try statistics.value(of: exits)
    #expect(after >= before + 3)
  }

  @Test func theMachineHasStatisticsToo() throws {
    let guest = try TinyGuest()
    let statistics = try guest.machine.statistics()
    let found = statistics.descriptor(named: "remote_tlb_flush")
    #expect(found != nil)
    for item in statistics.descriptors { _ = try statistics.value(of: item) }
  }

  @Test func aProcessorThatWaitsInTheKernelIsSeenToBlock() async throws {
    // The PIC set up; sti; hlt; then out 0x81, al.
    let code = InterruptTests.setUpPIC + [0xFB, 0xF4, 0xE6, 0x81]
    let guest = Shared(try TinyGuest(code) { machine in try machine.createIRQChip() })
    guest.value.setHandler(vector: 12, at: 0x3000, InterruptTests.handler)
    let statistics = try guest.value.processor.statistics()
    let found = statistics.descriptor(named: "blocking")
    let blocking = try #require(found)
    let before = try statistics.value(of: blocking)
    #expect(before == 0)
    // A thread of its own: the tests' threads are few, and a vCPU that waits for one of them to come
    // free would miss the interrupt's edge.
    let port = Monitor<UInt16?>(nil)
    let thread = try HostThread.start(name: "vcpu") {
      let output = try? guest.value.runToOutput().port
      port.update { $0 = output ?? 0 }
    }
    let isBlocked = try eventually { try statistics.value(of: blocking) == 1 }
    // The interrupt ends the wait in any case.
    try guest.value.machine.setLine(irq: 4, level: true)
    #expect(port.wait { $0 } == 0xE9)
    thread.join()
    #expect(isBlocked)
    let after = try statistics.value(of: blocking)
    #expect(after == 0)
  }
}

/// A guest that a thread runs while the test looks on.
private final class Shared: @unchecked Sendable {
  // @unchecked: one thread runs the vCPU, and the other uses the machine only.
  let value: TinyGuest
  init(_ value: consuming TinyGuest) { self.value = value }
}
