internal import Engine
internal import GuestMemory
internal import X86

/// Looks at a dead vCPU and at guest memory, and fills in a crash report.
struct CrashExamination {
  let memory: GuestMemory

  /// The report on one vCPU.
  func examine(_ remains: VCPURemains, index: Int) -> CrashReport.VCPU {
    var vcpu = CrashReport.VCPU(
      index: index, isCulprit: remains.ending?.isCulprit ?? false, state: remains.ending?.state,
      failure: remains.ending?.failure)
    vcpu.exitCount = remains.exitCount
    vcpu.exits = remains.lastExits.map { exit in
      CrashReport.Exit(
        kind: exit.kind.name, isWrite: exit.direction == .write, width: Int(exit.width),
        count: Int(exit.count),
        address: exit.address, value: exit.value)
    }
    guard let state = vcpu.state else { return vcpu }
    vcpu.isAfterReset = Self.isAfterReset(state)
    vcpu.walks = walks(state)
    vcpu.code = code(state)
    vcpu.instructions = Disassembly(vcpu.code, at: state.rip, CodeSize(state)).lines
    return vcpu
  }

  /// SVM resets a vCPU before it reports a triple fault: its registers tell nothing any more.
  private static func isAfterReset(_ state: CPUState) -> Bool {
    state.rip == 0xFFF0 && state.cs.base == 0xFFFF_0000 && state.mode == .real
  }

  private func walks(_ state: CPUState) -> [CrashReport.Walk] {
    var targets = [("RIP", state.linearInstructionPointer), ("RSP", state.linearStackPointer)]
    if state.cr0.contains(.paging) { targets.append(("CR2", state.cr2)) }
    return targets.map { name, address in
      let result = translate(address, state)
      var walk = CrashReport.Walk(name: name, address: address, result: result)
      if case .success(let translation) = result {
        walk.isOutsideMemory = !memory.contains(GuestAddress(translation.physicalAddress), byteCount: 1)
      }
      return walk
    }
  }

  private func translate(_ address: UInt64, _ state: CPUState) -> Result<Translation, TranslationFailure> {
    do throws(TranslationFailure) {
      return .success(
        try PageTableWalker(state).translate(
          address, for: .inspection,
          read32: { physical in try? memory.read(UInt32.self, at: GuestAddress(physical)) },
          read64: { physical in try? memory.read(UInt64.self, at: GuestAddress(physical)) }))
    } catch {
      return .failure(error)
    }
  }

  /// Up to 16 bytes from RIP on, as far as they are mapped.
  private func code(_ state: CPUState) -> [UInt8] {
    var bytes: [UInt8] = []
    for offset in 0..<16 {
      let address = state.linearInstructionPointer &+ UInt64(offset)
      guard case .success(let translation) = translate(address, state),
        let byte = try? memory.read(UInt8.self, at: GuestAddress(translation.physicalAddress))
      else { break }
      bytes.append(byte)
    }
    return bytes
  }
}
