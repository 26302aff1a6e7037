import Engine
import GuestMemory
import Testing
import X86

@testable import AssistedEngine
@testable import KVMEngine

/// KVM with a limit of time.
@Suite(.enabled(if: HostCheck().isUsable, "needs read and write access to /dev/kvm"))
struct TurnTests {
  /// A vCPU in real mode that executes `code`.
  private static func processor(_ code: [UInt8]) throws -> (HardwareEngine, HardwareProcessor) {
    let memory = try GuestMemory(pcWithByteCount: 2 << 20)
    try memory.write(code, at: GuestAddress(0x8000))
    let engine = try HardwareEngine()
    try engine.map(memory)
    try engine.prepareInterrupts(.software)
    let processor = try engine.makeProcessor(index: 0)
    try engine.finishSetup([processor])
    try processor.loadState(.realMode(codeSegment: 0, instructionPointer: 0x8000))
    processor.bindToCurrentThread()
    return (engine, processor)
  }

  /// inc eax; jmp to it
  private static let counting: [UInt8] = [0x66, 0x40, 0xEB, 0xFC]

  @Test func aTurnEndsBetweenTwoInstructions() throws {
    try onVCPUThread {
      let (engine, processor) = try Self.processor(Self.counting)
      var last: UInt64 = 0
      var turns = 0
      // On a busy host a turn may be over before the guest has done anything.
      while last < 200, turns < 10_000 {
        guard case .timeIsUp = try processor.run(forAtMost: 300_000) else { Issue.record("an exit"); return }
        let state = try processor.saveState()
        #expect(state.rip == 0x8000 || state.rip == 0x8002)
        #expect(state.general.rax >= last)
        last = state.general.rax
        turns += 1
      }
      #expect(last >= 200)
      withExtendedLifetime(engine) {}
    }
  }

  @Test func aKickIsNotTakenForTheTimer() throws {
    try onVCPUThread {
      let (engine, processor) = try Self.processor(Self.counting)
      for _ in 0..<3 {
        processor.kick()
        guard case .exit(.interrupted) = try processor.run(forAtMost: 100_000) else {
          Issue.record("the kick was lost")
          return
        }
        guard case .timeIsUp = try processor.run(forAtMost: 100_000) else { Issue.record("an exit"); return }
      }
      withExtendedLifetime(engine) {}
    }
  }

  /// mov si, 0x8000; mov dx, 0xE9; outsb: string accesses to ports are emulated by every KVM.
  @Test func emulatedInstructionsAreCounted() throws {
    try onVCPUThread {
      let (engine, processor) = try Self.processor([0xBE, 0x00, 0x80, 0xBA, 0xE9, 0x00, 0x6E])
      // Kernels before 5.14 do not tell.
      guard let before = processor.emulationCount else { return }
      guard case .exit(.portIO(let output)) = try processor.run(forAtMost: 60_000_000_000) else {
        Issue.record("no output")
        return
      }
      #expect(output.port == 0xE9 && output.data.load(width: 1) == 0xBE)
      #expect(try #require(processor.emulationCount) > before)
      withExtendedLifetime(engine) {}
    }
  }
}
