import Engine
import GuestMemory
import Testing
import X86

@testable import SoftwareEngine

/// Code that somebody else writes to: a device by way of `GuestMemory`, another engine unseen.
@Suite struct ForeignWriteTests {
  /// mov eax, 1; jmp to itself's beginning; the immediate is changed.
  private static let code: [UInt8] = [0xB8, 1, 0, 0, 0, 0xEB, 0xF9]

  @Test func anotherEnginesWriteIsSeenInTheNextEpoch() throws {
    let machine = try Machine.long(Self.code)
    _ = machine.cpu.execute(atMost: 100)
    #expect(machine.cpu.core.rax == 1)
    // Sound: the address is in the machine's RAM, which `machine` keeps.
    if let host = unsafe machine.memory.hostAddress(of: GuestAddress(Machine.code), byteCount: 8) {
      unsafe host.storeBytes(of: 2, toByteOffset: 1, as: UInt8.self)
    }
    // Nobody said so: the decoded instruction goes on.
    _ = machine.cpu.execute(atMost: 100)
    #expect(machine.cpu.core.rax == 1)
    machine.cpu.codeCache.memoryMayHaveChanged()
    _ = machine.cpu.execute(atMost: 100)
    #expect(machine.cpu.core.rax == 2)
    #expect(machine.cpu.codeCache.invalidationCount == 1)
  }

  @Test func anEpochWithoutChangesForgetsNothing() throws {
    let machine = try Machine.long(Self.code)
    for _ in 0..<10 {
      _ = machine.cpu.execute(atMost: 100)
      machine.cpu.codeCache.memoryMayHaveChanged()
      // Beside the code's pieces of the page: no reason to decode it anew.
      try machine.memory.write(UInt64(7), at: GuestAddress(Machine.code + 0x800))
    }
    _ = machine.cpu.execute(atMost: 100)
    #expect(machine.cpu.codeCache.invalidationCount == 0)
  }

  /// out 0xE9, al; mov eax, 1; jmp -9: a device that answers the OUT changes the code.
  @Test func aDevicesWriteIsSeenAtTheNextEntry() throws {
    let memory = try GuestMemory(pcWithByteCount: 2 << 20)
    try memory.write([0xE6, 0xE9, 0xB0, 1, 0xEB, 0xFA], at: GuestAddress(0x8000))
    let processor = try SoftwareProcessor.assistant(
      index: 0, memory: memory, identification: nil, processorCount: 1)
    try processor.loadState(.realMode(codeSegment: 0, instructionPointer: 0x8000))
    var values: [UInt64] = []
    for round in UInt8(1)...6 {
      guard case .portIO(let access) = try processor.run() else {
        Issue.record("the guest did not reach its device")
        return
      }
      values.append(access.data.load(width: 1))
      try memory.write([round], at: GuestAddress(0x8003))
    }
    #expect(values == [0, 1, 2, 3, 4, 5])
  }
}
