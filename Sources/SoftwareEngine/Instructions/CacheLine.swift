internal import X86

/// CLFLUSH, CLFLUSHOPT and CLWB (SDM Vol. 2): there is no cache to write back here, and what remains is
/// that the address must be one that can be read.
extension Interpreter {
  func executeCacheLine(_ instruction: borrowing Instruction) throws(Interruption) {
    let linear = try linearOperand(instruction, byteCount: 1, isWrite: false)
    _ = try translate(linear, for: MemoryAccess(.read, instructionPrivilege))
  }
}
