import Engine
import Host
import X86

@testable import Devices

/// The software interrupt controllers of a machine, with a clock of their own and a count of wakes.
final class InterruptBench: Sendable {
  let clock = FakeClock(wall: 0)
  let guestClocks: [FakeGuestClock]
  let controller: SoftwareInterruptController
  let ports: [LocalInterruptPort]
  private let wakeCounts: WakeCounts

  private final class WakeCounts: Sendable {
    let counts = Lock<[Int: Int]>([:])
  }

  init(vcpuCount: Int = 1) {
    let clock = clock
    guestClocks = (0..<vcpuCount).map { _ in FakeGuestClock(clock) }
    let wakeCounts = WakeCounts()
    self.wakeCounts = wakeCounts
    let controller = SoftwareInterruptController(clock: clock, guestClocks: guestClocks) { vcpu in
      wakeCounts.counts.withLock { $0[vcpu, default: 0] += 1 }
    }
    self.controller = controller
    ports = (0..<vcpuCount).map { controller.port(ofVCPU: $0) }
  }

  func wakes(_ vcpu: Int = 0) -> Int { wakeCounts.counts.withLock { $0[vcpu, default: 0] } }

  /// A register of the local APIC's page.
  subscript(register: UInt64, vcpu vcpu: Int = 0) -> UInt32 {
    get { UInt32(truncatingIfNeeded: ports[vcpu].read(offset: register, width: .dword)) }
    set { ports[vcpu].write(UInt64(newValue), offset: register, width: .dword) }
  }

  /// Switches the local APICs on.
  func enable() {
    for port in ports { port.write(0x1FF, offset: 0xF0, width: .dword) }
  }

  /// Writes an entry of the I/O APIC's table.
  func route(_ pin: UInt64, _ entry: UInt64) {
    setIOAPIC(0x11 + 2 * pin, UInt32(entry >> 32))
    setIOAPIC(0x10 + 2 * pin, UInt32(truncatingIfNeeded: entry))
  }

  func setIOAPIC(_ index: UInt64, _ value: UInt32) {
    controller.ioapic.write(index, offset: 0, width: .dword)
    controller.ioapic.write(UInt64(value), offset: 0x10, width: .dword)
  }

  func ioapic(_ index: UInt64) -> UInt32 {
    controller.ioapic.write(index, offset: 0, width: .dword)
    return UInt32(truncatingIfNeeded: controller.ioapic.read(offset: 0x10, width: .dword))
  }

  /// The interrupt that a vCPU takes, as its run loop would.
  func take(_ vcpu: Int = 0) -> UInt8? { ports[vcpu].hasInterrupt ? ports[vcpu].acknowledge() : nil }
  func endOfInterrupt(_ vcpu: Int = 0) { ports[vcpu].write(0, offset: 0xB0, width: .dword) }
}

/// A time-stamp counter of 2 GHz that is 1000 when its clock starts.
final class FakeGuestClock: GuestClock {
  private let clock: FakeClock
  private let start: UInt64

  init(_ clock: FakeClock) {
    self.clock = clock
    start = clock.monotonicNanoseconds
  }

  var timeStamp: UInt64 { 1000 + 2 * (clock.monotonicNanoseconds - start) }
  func nanoseconds(untilTimeStamp timeStamp: UInt64) -> UInt64? {
    timeStamp > self.timeStamp ? (timeStamp - self.timeStamp + 1) / 2 : 0
  }
}
