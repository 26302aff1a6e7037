package import GuestMemory
package import Host
package import X86

/// One instruction at a time, for programs that compare this engine with another CPU.
///
/// A probe is an interpreter without a machine around it: it is given a state once, and then
/// registers for each instruction. Exceptions are reported and not delivered.
package final class InstructionProbe {
  /// What instructions without special privileges change of the registers, for copying in and out.
  package struct Registers: Equatable, BitwiseCopyable {
    /// RAX … R15 by their number in an encoding.
    package var general = InlineArray<16, UInt64>(repeating: 0)
    /// RFLAGS.
    package var rflags: UInt64 = 2
    /// RIP, an offset in CS.
    package var rip: UInt64 = 0

    package init() {}

    package static func == (left: Self, right: Self) -> Bool {
      for number in 0..<16 where left.general[number] != right.general[number] { return false }
      return left.rflags == right.rflags && left.rip == right.rip
    }
  }

  /// How an instruction ended.
  package struct Ending: Equatable, BitwiseCopyable {
    /// The exception's vector; nil where the instruction completed.
    package var vector: UInt8?
    /// The exception's error code; 0 where it has none.
    package var errorCode: UInt32 = 0
    /// The address that #PF puts into CR2, else 0.
    package var faultAddress: UInt64 = 0
    /// The instruction needs a device or another answer from outside.
    package var needsExit = false

    package init() {}
  }

  /// Which implementation of an instruction is to run.
  package enum Tier: Sendable, CaseIterable {
    /// The readable one, which has everything.
    case plain
    /// The one with handlers for what is common; where it has none, it comes to the other.
    case threaded
  }

  /// Whether the threaded tier has an operation of its own for an instruction of 64-bit code, and does
  /// not leave it to the plain tier.
  package static func hasThreadedOperation(_ instruction: Instruction) -> Bool {
    ThreadedSelection.select(instruction, pageOffset: 0) != nil
  }

  /// The bytes of an FXSAVE image.
  package static let extendedByteCount = 512

  private let interpreter: Interpreter

  /// A CPU in `state` with `memory` as its RAM.
  ///
  /// - Throws: `SystemError` where the host has no memory for it.
  package init(memory: GuestMemory, state: CPUState) throws(SystemError) {
    let end = memory.regions.map { $0.base.rawValue &+ $0.byteCount }.max() ?? 0
    interpreter = Interpreter(
      index: 0, memory: PhysicalMemory(memory),
      model: ProcessorModel(.softwareProcessor(.current), offersEverything: true),
      codeCache: try CodeCache(memoryEnd: end))
    interpreter.load(state)
  }

  /// Executes the instruction at `registers.rip` and replaces `registers`.
  ///
  /// - Parameters:
  ///   - registers: the registers before, and after the call those after it.
  ///   - extended: an FXSAVE image of `extendedByteCount` bytes, replaced as well; nil where the
  ///     instruction has nothing to do with those registers.
  package func execute(
    _ registers: inout Registers, extended: UnsafeMutableRawPointer?, tier: Tier
  ) -> Ending {
    let core = interpreter.core
    for number in 0..<16 { core[UInt8(number)] = registers.general[number] }
    core.rip = registers.rip
    let before = core.systemFlags
    core.rflags = RFLAGS(rawValue: registers.rflags)
    // Of the flags only AC has a part in the mode here: it turns alignment checks on.
    if core.systemFlags.contains(.alignmentCheck) != before.contains(.alignmentCheck) {
      interpreter.modeDidChange()
    }
    if let extended = unsafe extended {
      // Sound: the image has 512 bytes, as the caller promises and the state block does.
      unsafe (core.base + CoreLayout.extended).copyMemory(from: extended, byteCount: Self.extendedByteCount)
    }

    var ending = Ending()
    do throws(Interruption) {
      switch tier {
      case .plain: try interpreter.execute(try interpreter.fetchInstruction())
      case .threaded: try interpreter.executeThreaded()
      }
    } catch {
      switch error {
      case .exception(let exception):
        ending.vector = exception.vector.rawValue
        ending.errorCode = exception.errorCode ?? 0
        ending.faultAddress = exception.vector == .pageFault ? exception.payload : 0
      case .deviceAccess: ending.needsExit = true
      }
    }
    if interpreter.pendingExit != nil {
      interpreter.pendingExit = nil
      interpreter.deviceAccesses.forget()
      ending.needsExit = true
    }

    for number in 0..<16 { registers.general[number] = core[UInt8(number)] }
    registers.rip = core.rip
    registers.rflags = core.rflags.rawValue
    if let extended = unsafe extended {
      // Sound: as above.
      unsafe extended.copyMemory(from: core.base + CoreLayout.extended, byteCount: Self.extendedByteCount)
    }
    return ending
  }

  /// Memory of the machine was changed from outside: what was decoded from it is forgotten.
  package func didWrite(_ address: UInt64, byteCount: UInt64) {
    interpreter.codeCache.didWrite(address, byteCount: byteCount)
  }
}

extension Interpreter {
  /// Executes the instruction at RIP in the threaded tier if its block is no longer than that, else in
  /// the plain one, and delivers nothing.
  fileprivate func executeThreaded() throws(Interruption) {
    core.budget = 1
    buryStaleCode()
    guard let operation = findOperation(), operation.remaining == 1 else {
      return try execute(try fetchInstruction())
    }
    core.budget = 0
    runThreaded(operation)
    guard ThreadedLeave(rawValue: core.load(at: CoreLayout.leave)) == .interruption else { return }
    core.store(UInt(0), at: CoreLayout.leftAt)
    throw interruption ?? .deviceAccess
  }
}
