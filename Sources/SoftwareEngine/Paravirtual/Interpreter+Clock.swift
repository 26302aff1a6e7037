internal import Synchronization
internal import X86

/// kvmclock: the page in which a guest finds the time (Linux, Documentation/virt/kvm/x86/msr.rst).
///
/// The guest gives addresses in model-specific registers. What is there is written when the register is, and
/// when the vCPU's time-stamp counter is set; then the guest reads the time without us. An address where there
/// is no RAM does no harm: nothing is written.
extension Interpreter {
  /// Whether the register is one of kvmclock's, and there is a clock.
  func belongsToClock(_ register: MSR) -> Bool { clock != nil && register.clockRegister != nil }

  /// RDMSR of a register of kvmclock: what was written to it.
  func readClockRegister(_ register: MSR) -> UInt64 {
    register.clockRegister.flatMap { modelSpecific.stored[$0] } ?? 0
  }

  /// WRMSR to a register of kvmclock. Every value is taken.
  func writeClockRegister(_ register: MSR, _ value: UInt64) {
    guard let place = register.clockRegister else { return }
    modelSpecific.stored[place] = value
    if place == .kvmSystemTime { tellTime() } else { tellWallClock(at: value) }
  }

  /// Writes the time where the guest wants it, if it does. To be called when the time-stamp counter was set,
  /// and, where the counter's rate is not stable, before the guest runs on.
  ///
  /// - Parameter wasPaused: tells the guest that it did not run for a while.
  func tellTime(wasPaused: Bool = false) {
    guard let clock, let register = modelSpecific.stored[.kvmSystemTime], register & 1 != 0 else { return }
    let address = register & ~3
    guard let version = beginRecord(at: address, byteCount: 32) else { return }
    let (reference, scale) = (clock.reference, clock.scale)
    // The guest's counter at that moment.
    let ticks = reference.ticks &+ modelSpecific.timeStampOffset
    write(ticks, at: address &+ 8)
    write(reference.nanoseconds, at: address &+ 16)
    storeWord(scale.multiplier, at: address &+ 24)
    // The guest clears the bit that tells of a pause when it has seen it.
    let old = memory.load(UInt32.self, at: address &+ 28).map { $0 >> 8 & ClockFlags.wasPaused } ?? 0
    let flags =
      old | (wasPaused ? ClockFlags.wasPaused : 0) | (clock.hasStableRate ? ClockFlags.isStable : 0)
    storeWord(UInt32(UInt8(bitPattern: scale.shift)) | flags << 8, at: address &+ 28)
    endRecord(at: address, version)
  }

  /// Writes the wall clock's time when kvmclock was zero: the guest adds the time since.
  private func tellWallClock(at address: UInt64) {
    // KVM takes zero for "nowhere", too.
    guard let clock, address != 0, let version = beginRecord(at: address & ~3, byteCount: 12) else { return }
    let time = clock.wallClockAtZero
    storeWord(UInt32(truncatingIfNeeded: time / 1_000_000_000), at: (address & ~3) &+ 4)
    storeWord(UInt32(truncatingIfNeeded: time % 1_000_000_000), at: (address & ~3) &+ 8)
    endRecord(at: address & ~3, version)
  }

  // MARK: Records with a version

  /// Makes the version of a record odd: whoever reads it now reads again. Nil where not all of the record
  /// is in RAM that can be written.
  private func beginRecord(at address: UInt64, byteCount: UInt64) -> UInt32? {
    let (last, overflow) = address.addingReportingOverflow(byteCount - 4)
    guard !overflow, isWritableRAM(address), isWritableRAM(last) else { return nil }
    let version = (memory.load(UInt32.self, at: address) ?? 0) | 1
    storeWord(version, at: address)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    return version
  }

  /// Makes it even again, and another one than before.
  private func endRecord(at address: UInt64, _ version: UInt32) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    storeWord(version &+ 1, at: address)
  }

  private func isWritableRAM(_ address: UInt64) -> Bool {
    guard let page = unsafe memory.host(ofPage: address & ~0xFFF) else { return false }
    return unsafe !page.isReadOnly
  }

  /// Two words, since an address is a multiple of four only.
  private func write(_ value: UInt64, at address: UInt64) {
    storeWord(UInt32(truncatingIfNeeded: value), at: address)
    storeWord(UInt32(truncatingIfNeeded: value >> 32), at: address &+ 4)
  }

  /// Stores a word at a multiple of four, where `beginRecord` found RAM, as the guest itself would.
  private func storeWord(_ value: UInt32, at address: UInt64) {
    guard let page = unsafe memory.host(ofPage: address & ~0xFFF) else { return }
    // Sound: a word at a multiple of four lies in its page.
    unsafe (page.address + Int(address & 0xFFF)).storeBytes(of: value, as: UInt32.self)
    codeCache.didWrite(address, byteCount: 4)
  }
}

/// The byte of flags in the record of the time.
private enum ClockFlags {
  /// No vCPU's time runs ahead of another's.
  static let isStable: UInt32 = 1
  /// The guest did not run for a while.
  static let wasPaused: UInt32 = 2
}

extension MSR {
  static let kvmWallClock = MSR(rawValue: 0x4B56_4D00)
  static let kvmSystemTime = MSR(rawValue: 0x4B56_4D01)

  /// Under which number a register of kvmclock is kept: there are two for each.
  fileprivate var clockRegister: MSR? {
    switch rawValue {
    case 0x11, Self.kvmWallClock.rawValue: .kvmWallClock
    case 0x12, Self.kvmSystemTime.rawValue: .kvmSystemTime
    default: nil
    }
  }
}
