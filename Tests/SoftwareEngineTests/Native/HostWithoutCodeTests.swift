import Engine
import GuestMemory
import Testing

@testable import SoftwareEngine

/// A host that allows no code to be made at run time: what x87 and SSE instructions need.
struct HostWithoutCodeTests {
  private var native: NativeCode { NativeCode { _ in nil } }

  @Test func theEngineRefusesAndSaysWhatToDo() throws {
    let memory = try GuestMemory(pcWithByteCount: 1 << 20)
    let machine = SoftwareMachine(processorCount: 1, native: native)
    let error = #expect(throws: EngineError.self) { try machine.map(memory) }
    let text = try #require(error?.description)
    #expect(
      text.contains("x87 and SSE") && text.contains("MemoryDenyWriteExecute") && text.contains("--engine kvm")
    )
    // Nothing was set up half.
    #expect(throws: EngineError.self) { try machine.makeProcessor(index: 0) }
  }

  /// The host of this test allows it.
  @Test func anOrdinaryHostIsNotRefused() throws {
    try NativeCode().requireAvailability()
    #expect(throws: EngineError.self) { try native.requireAvailability() }
  }
}
