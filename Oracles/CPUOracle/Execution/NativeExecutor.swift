internal import CLinux
internal import Glibc
internal import SoftwareEngine
internal import X86

/// Runs test cases on the CPU that this program runs on, in this process.
///
/// The instruction's memory is the arena, its registers are the real ones, and what it raises comes
/// back as a signal. There can be only one, because the arena has a fixed address.
final class NativeExecutor {
  private typealias Entry = @convention(c) () -> Void

  private let stubs: NativeStubs
  /// Where the code pages can be written.
  private let codeAlias: UInt64
  /// Whether code segments of 32 bits can be entered.
  static let signals: [Int32] = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP]

  init() throws(OracleError) {
    try HostMemory.reserve(ArenaLayout.base, byteCount: ArenaLayout.byteCount)
    try HostMemory.allocate(ArenaLayout.state, byteCount: ArenaLayout.stateByteCount)
    let stubsAlias = try HostMemory.allocateCode(ArenaLayout.stubs, byteCount: ArenaLayout.stubsByteCount)
    stubs = NativeStubs(alias: stubsAlias)
    codeAlias = try HostMemory.allocateCode(ArenaLayout.code, byteCount: ArenaLayout.codeByteCount)
    for offset in 0..<ArenaLayout.codeByteCount { HostMemory.store(UInt8(0xCC), at: codeAlias + offset) }
    try HostMemory.allocate(
      ArenaLayout.data, byteCount: ArenaLayout.dataByteCount + ArenaLayout.readOnlyByteCount)
    MemoryBackground.fill(readOnlyPage: ArenaLayout.readOnly)
    try HostMemory.protect(ArenaLayout.readOnly, byteCount: ArenaLayout.readOnlyByteCount)
    // A page that was paged out would fault with another error code.
    // Sound: the range is mapped.
    _ = unsafe mlock(HostMemory.pointer(ArenaLayout.data), Int(ArenaLayout.dataEnd - ArenaLayout.data))
    try setSegments()
    try catchSignals()
  }

  /// GS base as the guest has it, and the data segment registers loaded as 32-bit code needs them.
  private func setSegments() throws(OracleError) {
    let setGS: Int = 0x1001  // ARCH_SET_GS, <asm/prctl.h>
    guard swiftvm_arch_prctl(Int32(setGS), UInt(ArenaLayout.gsBase)) == 0 else {
      throw .host("set the base of GS (arch_prctl)", errno)
    }
    swiftvm_load_data_segments(ArenaLayout.dataSelector)
  }

  private func catchSignals() throws(OracleError) {
    let stackByteCount = 64 * 1024
    var stack = unsafe stack_t()
    // Sound: the memory lives as long as the process.
    unsafe stack.ss_sp = .allocate(byteCount: stackByteCount, alignment: 64)
    unsafe stack.ss_size = stackByteCount
    guard unsafe sigaltstack(&stack, nil) == 0 else { throw .host("set a signal stack (sigaltstack)", errno) }
    typealias Handler =
      @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void
    // Sound: the stub is a function of this type.
    let handler = unsafe unsafeBitCast(UnsafeRawPointer(HostMemory.pointer(stubs.handler)), to: Handler.self)
    for number in Self.signals {
      // Sound: the handler is one that the signal can interrupt anything with.
      guard unsafe swiftvm_install_fault_handler(number, handler, nil) == 0 else {
        throw .host("install a signal handler (sigaction)", errno)
      }
    }
  }

  /// Where this CPU keeps the bytes of the data pages.
  var dataAddress: UInt64 { ArenaLayout.data }

  /// Runs a test case. Memory must be as the test wants it; see `MemoryBackground`.
  func run(_ test: TestCase, into result: inout TestResult) {
    let placed = place(test)
    HostMemory.store(test.registers, at: NativeState.before)
    let leave = test.usesExtended ? stubs.leaveWithExtended : stubs.leave
    HostMemory.store(leave, at: NativeState.resumeAt)
    let isFar = test.codeSize != .bits64
    if isFar {
      HostMemory.store(UInt32(truncatingIfNeeded: test.registers.rip), at: NativeState.farEntry)
      HostMemory.store(ArenaLayout.code32Selector, at: NativeState.farEntry + 4)
    }
    let entry: UInt64
    if test.usesExtended {
      HostMemory.store(test.extended, at: NativeState.extendedBefore)
      entry = isFar ? stubs.enterFarWithExtended : stubs.enterWithExtended
    } else {
      entry = isFar ? stubs.enterFar : stubs.enter
    }

    // Sound: the stub keeps to the calling convention, and the instruction between it and the exit
    // stub touches memory of the arena only: the generator sees to that.
    unsafe unsafeBitCast(UnsafeRawPointer(HostMemory.pointer(entry)), to: Entry.self)()

    NativeState.readResult(at: NativeState.after, of: test, into: &result)
    if test.usesExtended { result.extended = HostMemory.load(at: NativeState.extendedAfter) }
    remove(placed)
  }

  // MARK: Code

  /// Writes the instruction, and a jump to the exit stub behind it, and returns where.
  private func place(_ test: TestCase) -> Range<UInt64> {
    let start = test.registers.rip
    var address = start
    let end = ArenaLayout.code + ArenaLayout.codeByteCount
    func put(_ byte: UInt8) {
      guard address >= ArenaLayout.code, address < end else { return }
      HostMemory.store(byte, at: codeAlias + (address - ArenaLayout.code))
      address += 1
    }
    for index in 0..<test.length { put(test.bytes[index]) }
    let leave = test.usesExtended ? stubs.leaveWithExtended : stubs.leave
    if test.codeSize == .bits64 {
      put(0xE9)
      let distance = leave &- (start &+ UInt64(test.length) &+ 5)
      for shift in 0..<UInt64(4) { put(UInt8(truncatingIfNeeded: distance >> (8 * shift))) }
    } else {
      put(0xEA)
      for shift in 0..<UInt64(4) { put(UInt8(truncatingIfNeeded: leave >> (8 * shift))) }
      put(UInt8(ArenaLayout.code64Selector))
      put(0)
    }
    return start..<address
  }

  private func remove(_ range: Range<UInt64>) {
    for address in range { HostMemory.store(UInt8(0xCC), at: codeAlias + (address - ArenaLayout.code)) }
  }
}
