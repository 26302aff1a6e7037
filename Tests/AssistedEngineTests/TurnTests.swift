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
  private func processor(_ code: [UInt8]) throws -> (HardwareEngine, HardwareProcessor) {
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
    let (engine, processor) = try processor(Self.counting)
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

  @Test func aKickIsNotTakenForTheTimer() throws {
    let (engine, processor) = try processor(Self.counting)
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

  /// mov ax, 0xA000; mov ds, ax; mov al, [0]; out 0xE9, al: no memory is there, and KVM has to emulate.
  @Test func emulatedInstructionsAreCounted() throws {
    let (engine, processor) = try processor([0xB8, 0x00, 0xA0, 0x8E, 0xD8, 0xA0, 0x00, 0x00, 0xE6, 0xE9])
    // Kernels before 5.14 do not tell.
    guard let before = processor.emulationCount else { return }
    guard case .exit(.mmio(let access)) = try processor.run(forAtMost: 60_000_000_000) else {
      Issue.record("no access to a device")
      return
    }
    access.data.store(0x5A, width: 1)
    guard case .exit(.portIO(let output)) = try processor.run(forAtMost: 60_000_000_000) else {
      Issue.record("no output")
      return
    }
    #expect(output.data.load(width: 1) == 0x5A)
    #expect(try #require(processor.emulationCount) > before)
    withExtendedLifetime(engine) {}
  }
}
