import Engine
import GuestMemory
import Testing
import X86

@testable import SoftwareEngine

/// The software CPU as another engine's helper: what it leaves to that engine, and where it stops.
@Suite struct AssistTests {
  private static let helping = SoftwareProcessor.AssistRules(
    leavesSystemToHardware: true, stopsInUserMode: false)

  private func processor(_ code: [UInt8]) throws -> SoftwareProcessor {
    let memory = try GuestMemory(pcWithByteCount: 2 << 20)
    try memory.write(code, at: GuestAddress(0x8000))
    let processor = try SoftwareProcessor.assistant(
      index: 0, memory: memory, identification: nil, processorCount: 1)
    try processor.loadState(.realMode(codeSegment: 0, instructionPointer: 0x8000))
    return processor
  }

  /// Each after `inc ax`, and in real mode at privilege level 0.
  @Test(arguments: [
    [0xF4], [0x0F, 0x32], [0x0F, 0x30], [0x0F, 0x20, 0xE0] as [UInt8], [0x0F, 0x01, 0xC1],
  ])
  func leavesItAtTheInstruction(_ instruction: [UInt8]) throws {
    let processor = try processor([0x40] + instruction + [0xEB, 0xFE])
    let pause = processor.assist(atMost: 1000, Self.helping)
    if instruction == [0x0F, 0x20, 0xE0] {
      // A read of CR4 is the helper's own.
      guard case .done = pause else { Issue.record("\(pause)"); return }
      return
    }
    guard case .handedOver = pause else { Issue.record("\(pause)"); return }
    let state = try processor.saveState()
    #expect(state.rip == 0x8001 && state.general.rax == 1 && state.activity == .running)
    #expect(processor.instructionCount == 1)
  }

  @Test func executesExactlyAsManyAsAskedFor() throws {
    let processor = try processor([UInt8](repeating: 0x40, count: 64) + [0xEB, 0xFE])
    for count in 1...20 {
      guard case .done = processor.assist(atMost: 1, Self.helping) else { Issue.record("no pause"); return }
      #expect(try processor.saveState().general.rax == UInt64(count))
    }
    _ = processor.assist(atMost: 13, Self.helping)
    #expect(try processor.saveState().general.rax == 33)
  }

  /// in al, 0x60: taken back, it has not happened.
  @Test func anAccessCanBeTakenBack() throws {
    let processor = try processor([0x40, 0xE4, 0x60, 0xEB, 0xFE])
    guard case .exit(.portIO) = processor.assist(atMost: 10, Self.helping) else {
      Issue.record("no access"); return
    }
    #expect(processor.takeBackAccess())
    #expect(try processor.saveState().rip == 0x8001)
    guard case .exit(.portIO(let access)) = processor.assist(atMost: 10, Self.helping) else {
      Issue.record("no second access")
      return
    }
    access.data.store(0x5A, width: 1)
    _ = processor.assist(atMost: 1, Self.helping)
    #expect(try processor.saveState().general.rax == 0x5A)
  }

  @Test func tellsOfFlushesOnce() throws {
    // mov eax, cr3; mov cr3, eax
    let processor = try processor([0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8, 0xEB, 0xFE])
    _ = processor.assist(atMost: 1, Self.helping)
    #expect(!processor.takeTranslationFlush())
    _ = processor.assist(atMost: 1, Self.helping)
    #expect(processor.takeTranslationFlush())
    #expect(!processor.takeTranslationFlush())
  }

  @Test func aKickEndsIt() throws {
    let processor = try processor([0xEB, 0xFE])
    processor.kick()
    guard case .exit(.interrupted) = processor.assist(atMost: .max, Self.helping) else {
      Issue.record("it went on"); return
    }
  }
}
