internal import SoftwareEngine
internal import X86

/// Offsets in the page through which the native executor and its stubs talk to each other.
enum NativeState {
  /// The registers before: sixteen general ones, RFLAGS, RIP.
  static let before = ArenaLayout.state
  /// The FXSAVE image before.
  static let extendedBefore = ArenaLayout.state + 0x200

  /// The registers after, laid out in the same way; RIP only where a signal said it.
  static let after = ArenaLayout.state + 0x400
  /// What the signal handler found: whether it ran, vector, error code, CR2.
  static let vector = after + 144
  static let errorCode = after + 152
  static let faultAddress = after + 160
  /// The FXSAVE image after.
  static let extendedAfter = ArenaLayout.state + 0x600

  /// RSP of the host code.
  static let hostStack = ArenaLayout.state + 0x800
  /// Where the signal handler goes on.
  static let resumeAt = ArenaLayout.state + 0x808
  /// Not zero while a test case runs; signals at other times are none of the handler's business.
  static let isActive = ArenaLayout.state + 0x810
  /// MXCSR of the host code.
  static let hostMXCSR = ArenaLayout.state + 0x818
  /// A far pointer to the instruction under test, for modes with another code segment.
  static let farEntry = ArenaLayout.state + 0x820

  static let rflags: UInt64 = 128
  static let rip: UInt64 = 136
  /// The value of `vector` where no signal came.
  static let noVector: UInt64 = 0xFFFF

  /// Reads what a case left at `address`, or at a copy of it: the registers, and how it ended.
  static func readResult(at address: UInt64, of test: TestCase, into result: inout TestResult) {
    result.registers = HostMemory.load(at: address)
    result.ending = InstructionProbe.Ending()
    let vector: UInt64 = HostMemory.load(at: address + 144)
    if vector == noVector {
      result.registers.rip = test.registers.rip &+ UInt64(test.length)
      return
    }
    // INT3 where the instruction jumped to is no exception of its own.
    if vector == 3, test.instruction.operation != .int3 {
      result.registers.rip &-= 1
      return
    }
    result.ending.vector = UInt8(truncatingIfNeeded: vector)
    if (10...14).contains(vector) || vector == 17 {
      result.ending.errorCode = UInt32(truncatingIfNeeded: HostMemory.load(UInt64.self, at: address + 152))
    }
    if vector == 14 { result.ending.faultAddress = HostMemory.load(at: address + 160) }
  }
}
