/// The status flags by operation, for those whose flags do not depend on operands.
extension Operation {
  /// The flags on which the result depends.
  var flagsRead: RFLAGS {
    switch self {
    case .adc, .sbb, .adcx, .rcl, .rcr, .cmc, .salc, .fcmovb, .fcmovnb: [.carry]
    case .adox, .into: [.overflow]
    case .aaa, .aas: [.adjust]
    case .daa, .das: [.carry, .adjust]
    case .loope, .loopne, .fcmove, .fcmovne: [.zero]
    case .fcmovbe, .fcmovnbe: [.carry, .zero]
    case .fcmovu, .fcmovnu: [.parity]
    case .lahf: [.carry, .parity, .adjust, .zero, .sign]
    // They save the flags; the interrupt's frame has them.
    case .pushf, .syscall, .int, .int1, .int3: .status
    default: []
    }
  }

  /// The flags that are written or left undefined.
  var flagsAffected: RFLAGS {
    switch self {
    case .add, .adc, .sub, .sbb, .cmp, .neg, .cmps, .scas, .xadd, .cmpxchg, .and, .or, .xor, .test,
      .mul, .imul, .div, .idiv, .shl, .shr, .sar, .shld, .shrd, .bsf, .bsr, .popcnt, .lzcnt, .tzcnt,
      .aaa, .aas, .aad, .aam, .daa, .das, .andn, .bextr, .blsi, .blsmsk, .blsr, .bzhi,
      .fcomi, .fcomip, .fucomi, .fucomip, .comiss, .comisd, .ucomiss, .ucomisd, .vcomiss, .vcomisd,
      .vucomiss, .vucomisd, .ptest, .vptest, .vtestps, .vtestpd, .pcmpestri, .pcmpestrm, .pcmpistri,
      .pcmpistrm, .vpcmpestri, .vpcmpestrm, .vpcmpistri, .vpcmpistrm, .rdrand, .rdseed, .popf, .iret,
      .syscall, .sysret, .rsm, .tpause, .umwait, .xtest,
      .kortestb, .kortestw, .kortestd, .kortestq, .ktestb, .ktestw, .ktestd, .ktestq,
      .vmcall, .vmclear, .vmlaunch, .vmptrld, .vmptrst, .vmread, .vmresume, .vmwrite, .vmxoff,
      .vmxon, .invept, .invvpid, .encls, .enclu, .enclv, .pconfig, .pvalidate, .rmpadjust,
      .rmpupdate, .psmash:
      .status
    case .inc, .dec: [.parity, .adjust, .zero, .sign, .overflow]
    case .rol, .ror, .rcl, .rcr: [.carry, .overflow]
    case .bt, .bts, .btr, .btc: [.carry, .parity, .adjust, .sign, .overflow]
    case .clc, .stc, .cmc, .adcx: [.carry]
    case .adox: [.overflow]
    case .sahf: [.carry, .parity, .adjust, .zero, .sign]
    case .arpl, .lar, .lsl, .verr, .verw, .cmpxchg8b, .cmpxchg16b: [.zero]
    case .rstorssp, .clrssbsy: [.carry]
    default: []
    }
  }

  /// Those of `flagsAffected` that have no defined value, whatever the operands.
  var flagsUndefined: RFLAGS {
    switch self {
    case .and, .or, .xor, .test, .shl, .shr, .sar, .shld, .shrd: [.adjust]
    case .mul, .imul: [.parity, .adjust, .zero, .sign]
    case .div, .idiv: .status
    case .bt, .bts, .btr, .btc: [.parity, .adjust, .sign, .overflow]
    case .bsf, .bsr: [.carry, .parity, .adjust, .sign, .overflow]
    case .lzcnt, .tzcnt: [.parity, .adjust, .sign, .overflow]
    case .aaa, .aas: [.parity, .zero, .sign, .overflow]
    case .aad, .aam: [.carry, .adjust, .overflow]
    case .daa, .das: [.overflow]
    case .andn, .blsi, .blsmsk, .blsr, .bzhi: [.parity, .adjust]
    case .bextr: [.parity, .adjust, .sign]
    default: []
    }
  }

  /// What a shift leaves undefined when its count reaches the size of the operand: CF of the
  /// logical ones, everything of the double ones.
  var flagsUndefinedBeyondSize: RFLAGS {
    switch self {
    case .shl, .shr: [.carry]
    case .shld, .shrd: .status
    default: []
    }
  }
}
