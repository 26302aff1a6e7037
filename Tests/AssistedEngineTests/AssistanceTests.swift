import Engine
import GuestMemory
import Testing
import X86

@testable import AssistedEngine
@testable import KVMEngine

/// When a vCPU on KVM moves to its helper, and when not.
@Suite(.enabled(if: HostCheck().isUsable, "needs read and write access to /dev/kvm"))
struct AssistanceTests {
  private static let iterations: UInt32 = 100_000

  /// The beginning, then: mov ecx, n; dec ecx; jnz; out 0xE9, al
  private static func run(_ beginning: [UInt8], _ place: InterruptControllerPlace) throws -> AssistanceCount {
    let memory = try GuestMemory(pcWithByteCount: 2 << 20)
    var code: [UInt8] = beginning + [0x66, 0xB9]
    for shift in UInt32(0)..<4 { code.append(UInt8(truncatingIfNeeded: Self.iterations >> (8 * shift))) }
    code += [0x66, 0x49, 0x75, 0xFC, 0xE6, 0xE9]
    try memory.write(code, at: GuestAddress(0x8000))
    let machine = AssistedMachine(try HardwareEngine(), mode: .onFailure, processorCount: 1)
    try machine.map(memory)
    try machine.prepareInterrupts(place)
    let processor = try machine.makeProcessor(index: 0)
    try machine.finishSetup([processor])
    try processor.loadState(.realMode(codeSegment: 0, instructionPointer: 0x8000))
    processor.bindToCurrentThread()
    while true {
      switch try processor.run() {
      case .interrupted: continue
      case .portIO(let access): #expect(access.port == 0xE9)
      case let exit: Issue.record("\(exit)")
      }
      break
    }
    let state = try processor.saveState()
    #expect(state.general.rcx == 0 && state.rip & 0xFFF0 == 0x8000 + UInt64(code.count) & 0xFFF0)
    return try #require(processor.assistance)
  }

  /// However slow KVM is.
  @Test func nothingMovesWhereKVMDoesNotFail() throws {
    let count = try onVCPUThread { try Self.run([], .software) }
    #expect(count == AssistanceCount())
  }

  /// fwait; fwait: an instruction that some KVMs' emulator lacks.
  @Test(arguments: [InterruptControllerPlace.software, .engine])
  func theHelperKeepsWhatKVMOnlyEmulates(_ place: InterruptControllerPlace) throws {
    let count = try onVCPUThread { try Self.run([0x9B, 0x9B], place) }
    // Where KVM can do it, it also does the rest.
    if count.failures == 0 {
      #expect(count == AssistanceCount())
      return
    }
    // Two instructions an iteration. Without the helper's patience KVM would do nearly all of it.
    #expect(Set(count.byMnemonic.keys) == ["wait"] && count.failures <= 2)
    #expect(count.instructions > UInt64(Self.iterations))
    #expect(count.takeovers > 0 && count.moves == count.failures + count.takeovers)
    // Each stay is longer than the one before, up to a limit.
    #expect(count.moves < 200, "\(count)")
  }
}
