package import Engine
package import X86

extension SoftwareProcessor {
  /// The instruction that comes next; nil where it cannot be fetched or does not decode.
  package var nextInstruction: Instruction? {
    // A fetch may set accessed bits, which the instruction itself would set a moment later.
    try? interpreter.fetchInstruction()
  }

  /// Where it is.
  package var nextRIP: UInt64 { interpreter.core.rip }

  /// The privilege level it runs at.
  package var privilegeLevel: UInt8 { interpreter.core.privilege }

  /// Executes one instruction, or delivers the exception it raises, for programs that compare engines.
  ///
  /// - Returns: what must be answered before it can be finished; nil where it is done.
  package func step() -> VMExit? { advance(by: 1, isExact: true) }
}
