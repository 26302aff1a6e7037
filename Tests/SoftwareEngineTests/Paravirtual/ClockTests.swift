import CLinux
import Host
@testable import SoftwareEngine
import Testing
import X86

@Suite("kvmclock")
struct ClockTests {
  static let systemTime: UInt32 = 0x4B56_4D01
  static let wallClock: UInt32 = 0x4B56_4D00

  private func machine(isStable: Bool = true) throws -> Machine {
    // wrmsr, again and again.
    let code: [UInt8] = (0..<16).flatMap { _ in [0x0F, 0x30] as [UInt8] }
    return try Machine.long(
      code, clock: MachineClock(startTicks: swiftvm_time_stamp(), hasStableRate: isStable))
  }

  private func write(_ machine: Machine, _ register: UInt32, _ value: UInt64) {
    machine.cpu.core.rcx = UInt64(register)
    machine.cpu.core.rax = value & 0xFFFF_FFFF
    machine.cpu.core.rdx = value >> 32
    machine.step()
  }

  /// The time as a guest reads it (Linux, arch/x86/include/asm/pvclock.h).
  private func time(_ machine: Machine, at address: UInt64, ticks: UInt64) -> UInt64 {
    let shift = Int8(bitPattern: machine.read(UInt8.self, at: address + 28))
    var delta = ticks &- machine.read(UInt64.self, at: address + 8)
    delta = shift < 0 ? delta >> UInt64(-Int(shift)) : delta << UInt64(shift)
    let product = delta.multipliedFullWidth(by: UInt64(machine.read(UInt32.self, at: address + 24)))
    return machine.read(UInt64.self, at: address + 16) &+ (product.high << 32 | product.low >> 32)
  }

  @Test("the guest's time is the host's since the machine was made", arguments: [true, false])
  func time(_ isStable: Bool) throws {
    let before = HostClock.monotonicNanoseconds
    let machine = try machine(isStable: isStable)
    let made = HostClock.monotonicNanoseconds
    write(machine, Self.systemTime, 0x6_0001)
    #expect(machine.enteredVector == nil)
    #expect(machine.read(UInt8.self, at: 0x6_001D) == (isStable ? 1 : 0))
    let low = HostClock.monotonicNanoseconds
    let told = time(machine, at: 0x6_0000, ticks: machine.cpu.timeStamp)
    let high = HostClock.monotonicNanoseconds
    // As good as the frequency is known.
    let slack = (high - before) / 1000 + 1000
    #expect(told + slack >= low - made && told <= high - before + slack, "\(told)")
  }

  @Test("the version is even after each change, and another one")
  func version() throws {
    let machine = try machine()
    machine.write(UInt32(7), at: 0x6_0000)
    write(machine, Self.systemTime, 0x6_0001)
    #expect(machine.read(UInt32.self, at: 0x6_0000) == 8)
    write(machine, Self.systemTime, 0x6_0001)
    #expect(machine.read(UInt32.self, at: 0x6_0000) == 10)
  }

  @Test("a guest that sets its counter has the same time after it, by both registers that do so")
  func counter() throws {
    for register in [UInt32(0x10), 0x3B] {
      let machine = try machine()
      write(machine, Self.systemTime, 0x6_0001)
      let before = time(machine, at: 0x6_0000, ticks: machine.cpu.timeStamp)
      write(machine, register, 0x1234_5678_9ABC)
      let after = time(machine, at: 0x6_0000, ticks: machine.cpu.timeStamp)
      #expect(after >= before && after - before < 10_000_000_000)
    }
  }

  @Test("it is switched off, and what was written is read back by both numbers")
  func switchedOff() throws {
    let machine = try machine()
    write(machine, Self.systemTime, 0x6_0000)
    #expect(machine.read(UInt32.self, at: 0x6_0000) == 0)
    write(machine, 0x12, 0x6_0041)
    #expect(machine.read(UInt32.self, at: 0x6_0040) == 2)
    #expect(machine.cpu.readClockRegister(MSR(rawValue: Self.systemTime)) == 0x6_0041)
    // It moves with the state, and the time with it.
    let state = machine.cpu.save()
    #expect(state.modelSpecific[MSR(rawValue: Self.systemTime)] == 0x6_0041)
    machine.cpu.load(state)
    #expect(machine.read(UInt32.self, at: 0x6_0040) == 4)
  }

  @Test("the wall clock is the host's when the time was zero")
  func wallClock() throws {
    let machine = try machine()
    write(machine, Self.wallClock, 0x6_0000)
    #expect(machine.read(UInt32.self, at: 0x6_0000) == 2)
    let told =
      UInt64(machine.read(UInt32.self, at: 0x6_0004)) * 1_000_000_000
      + UInt64(machine.read(UInt32.self, at: 0x6_0008))
    let now = UInt64(HostClock.wallClockNanoseconds)
    #expect(told <= now && now - told < 60_000_000_000)
    // Nowhere.
    write(machine, 0x11, 0)
    #expect(machine.read(UInt32.self, at: 0) == 0)
  }

  @Test("the guest is told of a pause, until it has seen that")
  func pause() throws {
    let machine = try machine()
    write(machine, Self.systemTime, 0x6_0001)
    machine.cpu.tellTime(wasPaused: true)
    #expect(machine.read(UInt8.self, at: 0x6_001D) == 3)
    machine.cpu.tellTime()
    #expect(machine.read(UInt8.self, at: 0x6_001D) == 3)
    machine.write(UInt8(1), at: 0x6_001D)
    machine.cpu.tellTime()
    #expect(machine.read(UInt8.self, at: 0x6_001D) == 1)
  }

  /// RAM is two megabytes.
  @Test(
    "an address where not all of it is in RAM does no harm",
    arguments: [
      2 << 20, (2 << 20) - 16, (2 << 20) - 4, 0xFEE0_0000, 1 << 40, .max - 3, .max - 30, 1 << 63,
    ] as [UInt64])
  func badAddresses(_ address: UInt64) throws {
    let machine = try machine()
    let before = words(machine, ofPage: address & ~4095)
    for register in [Self.systemTime, Self.wallClock, 0x11, 0x12] as [UInt32] {
      write(machine, register, address | 1)
      #expect(machine.enteredVector == nil)
    }
    machine.cpu.tellTime(wasPaused: true)
    let after = words(machine, ofPage: address & ~4095)
    // The wall clock's record is shorter than the time's, and may be there.
    let place = Int(address & 4095)
    for index in 0..<1024 where before[index] != after[index] {
      #expect(index * 4 >= place && index * 4 < place + 12 && place + 12 <= 4096)
    }
  }

  private func words(_ machine: Machine, ofPage page: UInt64) -> [UInt32] {
    var words: [UInt32] = []
    for index in 0..<UInt64(1024) { words.append(machine.read(UInt32.self, at: page &+ index * 4)) }
    return words
  }

  @Test("code under the page is forgotten")
  func code() throws {
    // mov ecx,0x4B564D01; mov eax,0x8021; xor edx,edx; wrmsr; jmp 0x8020
    var code: [UInt8] = [
      0xB9, 0x01, 0x4D, 0x56, 0x4B, 0xB8, 0x21, 0x80, 0, 0, 0x31, 0xD2, 0x0F, 0x30, 0xEB, 0x10,
    ]
    // At 0x8020: inc ebx; jmp 0x8000. After the write there is a version, 2: add al,[rax].
    code += [UInt8](repeating: 0x90, count: 16) + [0xFF, 0xC3, 0xEB, 0xDC]
    let machine = try Machine.long(code, clock: MachineClock(startTicks: swiftvm_time_stamp()))
    machine.cpu.core.rip = Machine.code + 0x20
    machine.cpu.core.rbx = 0
    _ = machine.cpu.execute(atMost: 8, isExact: true)
    #expect(machine.cpu.core.rbx == 1, "the old code was executed once, before it was overwritten")
  }

  @Test("without a clock the registers are not there")
  func absent() throws {
    let machine = try Machine.long([0x0F, 0x30])
    write(machine, Self.systemTime, 0x6_0001)
    #expect(machine.enteredVector == 13)
  }
}
