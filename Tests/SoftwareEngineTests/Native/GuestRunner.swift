import GuestMemory
import Testing
import X86

@testable import SoftwareEngine

/// Runs one instruction on the software CPU: in 64-bit mode at CPL 0 without paging, where linear
/// addresses are physical.
final class GuestRunner {
  let memory: GuestMemory
  let cpu: Interpreter
  static let codeAddress: UInt64 = 0x1000

  init() throws {
    memory = try GuestMemory(pcWithByteCount: 1 << 20)
    cpu = Interpreter(
      index: 0, memory: PhysicalMemory(memory), model: ProcessorModel(),
      codeCache: try CodeCache(memoryEnd: 1 << 20))
    reset()
  }

  /// 64-bit mode with SSE and XSAVE on.
  func reset(_ change: (inout CPUState) -> Void = { _ in }) {
    var state = CPUState()
    state.cr0 = [.protectionEnable, .extensionType, .numericError, .monitorCoprocessor]
    state.cr4 = [.osFXSR, .osXMMExceptions, .osXSAVE]
    state.efer = [.longModeEnable, .longModeActive]
    state.xcr0 = [.x87, .sse]
    state.cs = .flatCode64(8)
    state.ss = .flatData(16)
    state.ds = .flatData(16)
    state.es = .flatData(16)
    state.rip = Self.codeAddress
    change(&state)
    cpu.load(state)
  }

  var registers: Registers {
    get {
      var registers = Registers()
      for number in 0..<16 { registers.general[number] = cpu.core[UInt8(number)] }
      registers.flags = cpu.core.rflags.rawValue
      for index in 0..<512 { registers.image[index] = cpu.core.load(at: CoreLayout.extended + index) }
      return registers
    }
    set {
      for number in 0..<16 { cpu.core[UInt8(number)] = newValue.general[number] }
      cpu.core.rflags = RFLAGS(rawValue: newValue.flags)
      for index in 0..<512 { cpu.core.store(newValue.image[index], at: CoreLayout.extended + index) }
    }
  }

  func decode(_ bytes: [UInt8]) throws(DecodeError) -> Instruction {
    let size = CodeSize(rawValue: cpu.core.codeSize) ?? .bits16
    return try InstructionDecoder(size).decode(InstructionBytes(bytes))
  }

  /// Executes at `codeAddress`, wherever the last instruction left RIP.
  func run(_ bytes: [UInt8]) throws {
    cpu.core.rip = Self.codeAddress
    try cpu.execute(try decode(bytes))
  }

  /// The exception that the bytes raise.
  func exception(_ bytes: [UInt8]) throws -> GuestException? {
    do {
      try run(bytes)
      return nil
    } catch Interruption.exception(let exception) {
      return exception
    }
  }

  func write(_ bytes: [UInt8], at address: UInt64) throws {
    for (index, byte) in bytes.enumerated() {
      try cpu.writePhysical(address + UInt64(index), width: 1, UInt64(byte))
    }
  }

  func read(_ address: UInt64, _ count: Int) throws -> [UInt8] {
    try (0..<count).map { UInt8(truncatingIfNeeded: try cpu.readPhysical(address + UInt64($0), width: 1)) }
  }
}
