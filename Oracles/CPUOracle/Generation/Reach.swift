internal import X86

/// Which instructions a process can compare with its own CPU.
enum Reach {
  /// Where instructions are executed for comparison.
  enum Place: Sendable {
    /// In this process.
    case process
    /// In ring 3 of a guest on KVM: the base of FS is ours, and RDTSC is forbidden.
    case guest
  }

  /// Why an instruction cannot be tested; nil where it can.
  static func obstacle(_ instruction: Instruction, _ codeSize: CodeSize, in place: Place) -> String? {
    if place == .guest {
      switch instruction.operation {
      case .rdtsc, .rdtscp, .rdfsbase, .rdgsbase: return nil
      default: break
      }
      switch instruction.feature {
      case .vmx, .svm, .smx, .sgx: return "is KVM's to answer"
      default: break
      }
      if case .segment = instruction.operands[1] { return "KVM need not keep DS and ES in 64-bit mode" }
    }
    switch instruction.operation {
    case .syscall, .sysenter, .int: return "enters the host's kernel"
    case .cpuid, .rdtsc, .rdtscp, .rdpmc, .rdpid, .rdpru, .rdrand, .rdseed, .xgetbv, .rdpkru, .rdfsbase,
      .rdgsbase:
      return "its result is the host's own"
    case .wrfsbase, .wrgsbase, .wrpkru, .lds, .les, .lfs, .lgs, .lss:
      return "replaces what the process needs to live"
    case .sgdt, .sidt, .sldt, .smsw, .str: return "the host's kernel may answer in its place (UMIP)"
    case .lar, .lsl, .verr, .verw: return "depends on the host's descriptor table"
    case .callFar, .jmpFar, .retFar, .iret: return "needs descriptors of its own"
    case .xsave, .xsavec, .xsaveopt, .xsaves, .xrstor, .xrstors, .xsetbv:
      return "the layout is the host's own"
    case .monitor, .monitorx, .mwait, .mwaitx, .umonitor, .umwait, .tpause, .pause: return "waits"
    case .xbegin, .xabort, .xend, .xtest, .xresldtrk, .xsusldtrk:
      return "transactions end for reasons of their own"
    case .vmcall, .vmmcall, .vmfunc, .enclu, .encls, .enclv, .getsec, .pconfig, .invlpgb, .tlbsync, .clzero,
      .ptwrite, .cldemote, .movdiri, .movdir64b, .serialize:
      return "is not offered by the engine or talks to a hypervisor"
    case .incssp, .rdssp, .rstorssp, .saveprevssp, .wrss, .wruss, .setssbsy, .clrssbsy:
      return "needs shadow stacks"
    case .evex: return "is decoded by length only"
    case .invalid: return "is no instruction"
    default: return operandObstacle(instruction, in: place)
    }
  }

  private static func operandObstacle(_ instruction: Instruction, in place: Place) -> String? {
    if instruction.prefixes.contains(.vex) { return "is not offered by the engine or talks to a hypervisor" }
    if place == .process, instruction.memory.segment == .fs, instruction.hasMemory {
      return "the base of FS is the host's own"
    }
    if case .segment(let name) = instruction.operands[0] {
      // A selector of FS and GS is null in a process, whatever their bases are.
      if instruction.operation == .mov || instruction.operation == .pop { return "loads a segment register" }
      if name == .fs || name == .gs { return nil }
    }
    return nil
  }
}

extension Instruction {
  /// Whether one of the operands is in memory.
  var hasMemory: Bool {
    for index in 0..<4 {
      switch operands[index] {
      case .memory, .stringSource, .stringDestination: return true
      default: break
      }
    }
    return operation == .xlat
  }

  /// Whether the registers of x87, MMX or SSE have a part in it.
  var usesExtendedRegisters: Bool {
    for index in 0..<4 {
      switch operands[index] {
      case .x87, .mmx, .vector: return true
      default: break
      }
    }
    switch feature {
    case .x87, .mmx, .fxsr, .sse, .sse2, .sse3, .ssse3, .sse41, .sse42, .sse4a, .aes, .pclmulqdq, .sha, .gfni:
      return true
    default: return false
    }
  }
}
