/// How an operation uses a memory operand that comes first.
extension Operation {
  /// Whether only the address of a memory operand counts.
  var usesAddressOnly: Bool {
    switch self {
    case .lea, .nop, .ud0, .ud1, .invlpg, .clflush, .clflushopt, .clwb, .cldemote, .prefetch,
      .prefetchnta, .prefetcht0, .prefetcht1, .prefetcht2, .prefetchw, .prefetchwt1:
      true
    default:
      false
    }
  }

  /// What happens to the first operand.
  var destinationUse: MemoryUse {
    switch self {
    case .add, .adc, .and, .or, .sub, .sbb, .xor, .dec, .inc, .neg, .not, .rcl, .rcr, .rol, .ror,
      .sar, .shl, .shld, .shr, .shrd, .btc, .btr, .bts, .cmpxchg, .cmpxchg8b, .cmpxchg16b, .xadd,
      .xchg, .arpl, .rstorssp, .clrssbsy:
      .readWrite
    case .cmp, .test, .bt, .div, .idiv, .mul, .imul, .push, .callNear, .callFar, .jmpNear, .jmpFar,
      .lgdt, .lidt, .lldt, .lmsw, .ltr, .verr, .verw, .ptwrite, .ldmxcsr, .vldmxcsr, .fxrstor,
      .xrstor, .xrstors, .vmclear, .vmptrld, .vmxon, .bound,
      .fadd, .fmul, .fcom, .fcomp, .fsub, .fsubr, .fdiv, .fdivr, .fiadd, .fimul, .ficom, .ficomp,
      .fisub, .fisubr, .fidiv, .fidivr, .fld, .fild, .fbld, .fldcw, .fldenv, .frstor:
      .read
    // The rest that can have memory first are moves and stores.
    default:
      .write
    }
  }
}
