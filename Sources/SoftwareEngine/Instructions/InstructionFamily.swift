internal import X86

/// The families of instructions: one file of the interpreter for each.
enum InstructionFamily {
  /// Integer arithmetic and logic.
  case arithmetic
  /// Shifts and rotates.
  case shift
  /// Single bits, bit scans, BMI, CRC32.
  case bit
  /// Decimal adjustment.
  case decimal
  /// Moves, exchanges, conversions, conditional moves.
  case move
  /// String instructions, INS and OUTS too.
  case string
  /// PUSH, POP and their relatives, but for the flags.
  case stack
  /// Near branches.
  case branch
  /// Far branches, interrupts and returns, SYSCALL and its relatives.
  case farTransfer
  /// Flags, PUSHF and POPF too.
  case flag
  /// IN and OUT.
  case port
  /// Segment registers and descriptor tables.
  case segmentation
  /// Control registers, model-specific registers, CPUID, HLT, and all else a kernel uses.
  case system
  /// FXSAVE, XSAVE, MXCSR.
  case extendedState
  /// x87, MMX, SSE, and the cryptography on XMM registers, which the host's CPU executes.
  case native
  /// CLFLUSH and its relatives.
  case cacheLine
  /// It does nothing here: NOP, prefetches, fences.
  case nothing
  /// Not part of the CPU that CPUID describes.
  case undefined

  init(_ operation: Operation) {
    self =
      switch operation {
      case .adc, .add, .and, .cmp, .dec, .div, .idiv, .imul, .inc, .mul, .neg, .not, .or, .sbb, .sub,
        .test, .xor, .adcx, .adox, .mulx:
        .arithmetic
      case .rcl, .rcr, .rol, .ror, .sar, .shl, .shld, .shr, .shrd, .rorx, .sarx, .shlx, .shrx: .shift
      case .bsf, .bsr, .bt, .btc, .btr, .bts, .andn, .bextr, .blsi, .blsmsk, .blsr, .bzhi, .crc32, .lzcnt,
        .pdep, .pext, .popcnt, .tzcnt:
        .bit
      case .aaa, .aad, .aam, .aas, .daa, .das, .salc: .decimal
      case .bswap, .cmpxchg, .cmpxchg8b, .cmpxchg16b, .lea, .mov, .movbe, .movsx, .movsxd, .movzx, .xadd,
        .xchg, .xlat, .cmovcc, .setcc, .cbw, .cwde, .cdqe, .cwd, .cdq, .cqo, .movnti, .movdiri:
        .move
      case .cmps, .ins, .lods, .movs, .outs, .scas, .stos: .string
      case .enter, .leave, .pop, .popa, .push, .pusha: .stack
      case .callNear, .jcc, .jcxz, .jmpNear, .loop, .loope, .loopne, .retNear: .branch
      case .callFar, .jmpFar, .retFar, .bound, .int, .int1, .int3, .into, .iret, .syscall, .sysret,
        .sysenter, .sysexit:
        .farTransfer
      case .clac, .clc, .cld, .cli, .cmc, .lahf, .sahf, .stac, .stc, .std, .sti, .pushf, .popf: .flag
      case .in, .out: .port
      case .lds, .les, .lfs, .lgs, .lss, .arpl, .lar, .lgdt, .lidt, .lldt, .lsl, .ltr, .sgdt, .sidt, .sldt,
        .str, .swapgs, .verr, .verw, .rdfsbase, .rdgsbase, .wrfsbase, .wrgsbase:
        .segmentation
      case .clts, .cpuid, .hlt, .invd, .invlpg, .invpcid, .lmsw, .rdmsr, .rdpmc, .rdpid, .rdtsc, .rdtscp,
        .smsw, .wbinvd, .wbnoinvd, .wrmsr, .xgetbv, .xsetbv, .vmcall, .vmmcall, .rdrand, .rdseed, .pause,
        .monitor, .mwait:
        .system
      case .fxrstor, .fxsave, .ldmxcsr, .stmxcsr, .xrstor, .xsave, .xsaveopt, .xsavec: .extendedState
      case .clflush, .clflushopt, .clwb: .cacheLine
      // RDSSP is a no-op where shadow stacks are not offered.
      case .nop, .endbr32, .endbr64, .rdssp, .lfence, .mfence, .sfence, .cldemote, .prefetch, .prefetchnta,
        .prefetcht0, .prefetcht1, .prefetcht2, .prefetchw, .prefetchwt1:
        .nothing
      default: Self.isNative(operation) ? .native : .undefined
      }
  }

  private static func isNative(_ operation: Operation) -> Bool {
    let number = operation.rawValue
    return number >= Operation.fabs.rawValue && number <= Operation.fwait.rawValue
      || number >= Operation.emms.rawValue && number <= Operation.pcmpistrm.rawValue
      || number >= Operation.aesdec.rawValue && number <= Operation.gf2p8mulb.rawValue
  }
}
