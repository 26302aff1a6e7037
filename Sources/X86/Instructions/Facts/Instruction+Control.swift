extension Instruction {
  /// Whether the next instruction may be another than the one that follows in memory, other than
  /// by an exception.
  public var isBranch: Bool {
    switch operation {
    case .callFar, .callNear, .jcc, .jcxz, .jmpFar, .jmpNear, .loop, .loope, .loopne, .retFar,
      .retNear, .int, .int1, .int3, .into, .iret, .syscall, .sysenter, .sysexit, .sysret, .rsm,
      .xbegin, .xabort, .vmlaunch, .vmresume, .vmrun, .vmcall, .vmmcall, .vmfunc, .enclu, .skinit,
      .getsec, .ud0, .ud1, .ud2:
      true
    default:
      false
    }
  }

  /// Whether what was decoded or translated ahead must stop after it: a branch, or an instruction
  /// that may change how the next ones are fetched, decoded, translated or interrupted.
  public var endsBlock: Bool {
    if isBranch { return true }
    switch operation {
    // Interrupts become due or wait, and STI holds them back for one instruction more.
    case .hlt, .mwait, .mwaitx, .tpause, .umwait, .pause, .sti, .cli, .popf, .stgi, .clgi: return true
    // Modes, address spaces, what is cached of them, and what memory a segment means.
    case .wrmsr, .lmsw, .clts, .invlpg, .invlpga, .invlpgb, .invpcid, .xsetbv, .wrpkru, .stac, .clac,
      .lss, .vmxon, .vmxoff, .lgdt, .lldt, .lidt, .ltr, .swapgs, .xend, .serialize:
      return true
    // CR and DR, and SS, which holds interrupts back for one instruction more.
    case .mov, .pop:
      switch operands[0] {
      case .control, .debug: return true
      case .segment(let name): return name == .ss
      default: return false
      }
    default:
      return false
    }
  }
}

extension Operation {
  /// What a processor without the instruction's `InstructionFeature` does with the same bytes
  /// instead of #UD: the encodings that were taken from others by giving F3 or 66 a meaning, and
  /// the hints.
  public var withoutFeature: Operation? {
    switch self {
    case .tzcnt: .bsf
    case .lzcnt: .bsr
    case .wbnoinvd: .wbinvd
    case .endbr32, .endbr64, .rdssp, .cldemote, .prefetch, .prefetchw, .prefetchwt1: .nop
    default: nil
    }
  }
}
