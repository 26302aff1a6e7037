/// The memory form of ModRM (SDM Vol. 2, tables 2-1 to 2-3 and 2.2.1.6).
extension Decoding {
  /// Reads SIB and displacement and fills in `instruction.memory`.
  mutating func takeMemory() throws(DecodeError) {
    if instruction.addressSize == 2 {
      try takeMemory16()
    } else {
      try takeMemory32()
    }
    if let override { instruction.memory.segment = override }
  }

  private mutating func takeMemory16() throws(DecodeError) {
    let mod = instruction.modRM &>> 6
    var memory = MemoryOperand()
    switch instruction.modRM & 7 {
    case 0: (memory.base, memory.index) = (Register.bx, Register.si)
    case 1: (memory.base, memory.index) = (Register.bx, Register.di)
    case 2: (memory.base, memory.index) = (Register.bp, Register.si)
    case 3: (memory.base, memory.index) = (Register.bp, Register.di)
    case 4: memory.base = Register.si
    case 5: memory.base = Register.di
    case 6: memory.base = mod == 0 ? MemoryOperand.noRegister : Register.bp
    default: memory.base = Register.bx
    }
    if memory.base == Register.bp { memory.segment = .ss }
    if mod == 1 {
      memory.displacement = Int64(bitPattern: try takeSigned(1))
    } else if mod == 2 || memory.base == MemoryOperand.noRegister {
      memory.displacement = Int64(bitPattern: try takeSigned(2))
    }
    instruction.memory = memory
  }

  private mutating func takeMemory32() throws(DecodeError) {
    let mod = instruction.modRM &>> 6
    let rm = instruction.modRM & 7
    var memory = MemoryOperand()
    var hasDisplacement32 = mod == 2
    if rm == 4 {
      let sib = try takeByte()
      let index = sib &>> 3 & 7 | indexExtension
      // ESP cannot be an index; R12 can. A vector index is looked at by its operand's form.
      if index != Register.sp { memory.index = index }
      memory.scale = 1 &<< (sib &>> 6)
      if sib & 7 == Register.bp, mod == 0 {
        hasDisplacement32 = true
      } else {
        memory.base = sib & 7 | baseExtension
      }
    } else if rm == Register.bp, mod == 0 {
      hasDisplacement32 = true
      if is64 { memory.base = MemoryOperand.instructionPointer }
    } else {
      memory.base = rm | baseExtension
    }
    // R12 and R13 address DS.
    if memory.base == Register.sp || memory.base == Register.bp { memory.segment = .ss }
    if mod == 1 {
      memory.displacement = Int64(bitPattern: try takeSigned(1))
    } else if hasDisplacement32 {
      memory.displacement = Int64(bitPattern: try takeSigned(4))
    }
    instruction.memory = memory
  }

  /// The numbers that the addressing forms treat in a way of their own.
  enum Register {
    static let bx: UInt8 = 3
    static let sp: UInt8 = 4
    static let bp: UInt8 = 5
    static let si: UInt8 = 6
    static let di: UInt8 = 7
  }
}
