import Engine
import Glibc
import Host
import Testing

@testable import Devices

/// The chips together: nothing keeps them alive after their machine, and many threads may use them at once.
@Suite struct SoftwareInterruptControllerTests {
  @Test func isLetGo() {
    weak var controller: SoftwareInterruptController?
    weak var apic: LocalAPIC?
    do {
      let bench = InterruptBench(vcpuCount: 2)
      bench.enable()
      bench[0x320] = 0x2_0040
      bench[0x380] = 100_000
      controller = bench.controller
      apic = bench.controller.localAPICs.apics[0]
      #expect(controller != nil && apic != nil)
    }
    #expect(controller == nil)
    #expect(apic == nil)
  }

  /// Every interrupt arrives, however the threads meet: two send to two others by message and by command,
  /// and each of those counts what it takes.
  @Test func losesNothingBetweenThreads() throws {
    let bench = InterruptBench(vcpuCount: 4)
    bench.enable()
    let rounds = 200
    let taken = Lock<[UInt8: Int]>([:])
    let isDone = Lock(false)
    let takers = try [2, 3].map { vcpu in
      try HostThread.start(name: "taker\(vcpu)") {
        while true {
          let last = isDone.withLock { $0 }
          while let vector = bench.take(vcpu) {
            bench.endOfInterrupt(vcpu)
            taken.withLock { $0[vector, default: 0] += 1 }
          }
          if last { return }
          sched_yield()
        }
      }
    }
    // Each vector is sent again once it was taken, so that none may be merged with the one before.
    let senders = try [0, 1].map { sender in
      try HostThread.start(name: "sender\(sender)") {
        for round in 1...rounds {
          for target in [2, 3] {
            let vector = UInt8(0x40 + 0x20 * sender + target)
            if sender == 0 {
              bench.controller.signal(
                MSIMessage(address: 0xFEE0_0000 | UInt64(target) << 12, data: UInt32(vector)))
            } else {
              bench[0x310, vcpu: sender] = UInt32(target) << 24
              bench[0x300, vcpu: sender] = 0x4000 | UInt32(vector)
            }
          }
          for target in [2, 3] {
            let vector = UInt8(0x40 + 0x20 * sender + target)
            while taken.withLock({ $0[vector, default: 0] }) < round { sched_yield() }
          }
        }
      }
    }
    for sender in senders { sender.join() }
    isDone.withLock { $0 = true }
    for taker in takers { taker.join() }
    #expect(taken.withLock { $0 } == [0x42: rounds, 0x43: rounds, 0x62: rounds, 0x63: rounds])
  }
}
