internal import Engine
internal import X86

extension CrashReport {
  /// The report on a machine whose vCPU threads have ended; nil where its end was no death.
  init?(reason: StopReason, remains: [VCPURemains], machine: SharedParts) {
    guard reason.wantsCPUState else { return nil }
    headline = Outcome(reason: reason).sentence
    let examination = CrashExamination(memory: machine.guestMemory)
    vcpus = remains.enumerated().map { examination.examine($1, index: $0) }
    if case .emulationFailure(_, let failure) = reason {
      failedInstruction = (0..<Int(failure.instructionByteCount)).map { failure.instructionBytes[$0] }
    }
    postCode = machine.post.lastCode
    unclaimedAccesses = machine.unclaimedAccesses
    var assistance = AssistanceCount()
    for vcpu in remains { assistance.add(vcpu.assistance) }
    self.assistance = Outcome(reason: reason, assistance: assistance).assistanceLine
    if let culprit = vcpus.first(where: \.isCulprit) ?? vcpus.first {
      if let state = culprit.state, !failedInstruction.isEmpty {
        let disassembly = Disassembly(failedInstruction, at: state.rip, CodeSize(state), limit: 1)
        failedInstructionText = disassembly.lines.first?.text
      }
      hints = CrashHints.hints(reason: reason, vcpu: culprit)
    }
  }
}
