internal import X86

/// The model-specific registers of one vCPU that have no place in the state block.
struct ModelSpecificFile {
  var apicBase: UInt64 = 0
  var registers = ModelSpecificRegisters()

  mutating func load(_ registers: ModelSpecificRegisters, apicBase: UInt64) {
    self.registers = registers
    self.apicBase = apicBase
  }

  func save() -> (ModelSpecificRegisters, apicBase: UInt64) { (registers, apicBase) }
}
