/// D8…DF (SDM Vol. 2, A.5), and the register forms that no manual names and every processor has:
/// they repeat others.
extension OpcodeTable {
  mutating func addX87() {
    addX87Memory()
    addX87Registers()
    addX87Constants()
  }

  private mutating func addX87Memory() {
    let arithmetic: [Operation] = [.fadd, .fmul, .fcom, .fcomp, .fsub, .fsubr, .fdiv, .fdivr]
    let integers: [Operation] = [
      .fiadd, .fimul, .ficom, .ficomp, .fisub, .fisubr, .fidiv, .fidivr,
    ]
    for reg in 0..<8 {
      x87(0xD8, memory: reg, .op(arithmetic[reg], .md))
      x87(0xDC, memory: reg, .op(arithmetic[reg], .mq))
      x87(0xDA, memory: reg, .op(integers[reg], .md))
      x87(0xDE, memory: reg, .op(integers[reg], .mw))
    }
    let moves: [(opcode: Int, reg: Int, entry: OpcodeEntry)] = [
      (0xD9, 0, .op(.fld, .md)), (0xD9, 2, .op(.fst, .md)), (0xD9, 3, .op(.fstp, .md)),
      (0xD9, 4, .op(.fldenv, .mEnvironment)), (0xD9, 5, .op(.fldcw, .mw)),
      (0xD9, 6, .op(.fnstenv, .mEnvironment)), (0xD9, 7, .op(.fnstcw, .mw)),
      (0xDB, 0, .op(.fild, .md)), (0xDB, 1, .op(.fisttp, .md)), (0xDB, 2, .op(.fist, .md)),
      (0xDB, 3, .op(.fistp, .md)), (0xDB, 5, .op(.fld, .mt)), (0xDB, 7, .op(.fstp, .mt)),
      (0xDD, 0, .op(.fld, .mq)), (0xDD, 1, .op(.fisttp, .mq)), (0xDD, 2, .op(.fst, .mq)),
      (0xDD, 3, .op(.fstp, .mq)), (0xDD, 4, .op(.frstor, .mState)),
      (0xDD, 6, .op(.fnsave, .mState)), (0xDD, 7, .op(.fnstsw, .mw)),
      (0xDF, 0, .op(.fild, .mw)), (0xDF, 1, .op(.fisttp, .mw)), (0xDF, 2, .op(.fist, .mw)),
      (0xDF, 3, .op(.fistp, .mw)), (0xDF, 4, .op(.fbld, .mt)), (0xDF, 5, .op(.fild, .mq)),
      (0xDF, 6, .op(.fbstp, .mt)), (0xDF, 7, .op(.fistp, .mq)),
    ]
    for (opcode, reg, entry) in moves { x87(opcode, memory: reg, entry) }
  }

  private mutating func addX87Registers() {
    /// Eight register forms from `modRM` on, one a stack register.
    func row(_ opcode: Int, _ modRM: Int, _ entry: OpcodeEntry) {
      for number in 0..<8 { x87(opcode, register: modRM + number, entry) }
    }
    let toTop: [(Int, Operation)] = [
      (0xC0, .fadd), (0xC8, .fmul), (0xD0, .fcom), (0xD8, .fcomp), (0xE0, .fsub), (0xE8, .fsubr),
      (0xF0, .fdiv), (0xF8, .fdivr),
    ]
    for (modRM, operation) in toTop { row(0xD8, modRM, .op(operation, .st0, .sti)) }
    let toOther: [(Int, Operation, Operation)] = [
      (0xC0, .fadd, .faddp), (0xC8, .fmul, .fmulp), (0xE0, .fsubr, .fsubrp),
      (0xE8, .fsub, .fsubp), (0xF0, .fdivr, .fdivrp), (0xF8, .fdiv, .fdivp),
    ]
    for (modRM, operation, popping) in toOther {
      row(0xDC, modRM, .op(operation, .sti, .st0))
      row(0xDE, modRM, .op(popping, .sti, .st0))
    }
    let conditional: [(Int, Int, Operation)] = [
      (0xDA, 0xC0, .fcmovb), (0xDA, 0xC8, .fcmove), (0xDA, 0xD0, .fcmovbe), (0xDA, 0xD8, .fcmovu),
      (0xDB, 0xC0, .fcmovnb), (0xDB, 0xC8, .fcmovne), (0xDB, 0xD0, .fcmovnbe),
      (0xDB, 0xD8, .fcmovnu), (0xDB, 0xE8, .fucomi), (0xDB, 0xF0, .fcomi), (0xDF, 0xE8, .fucomip),
      (0xDF, 0xF0, .fcomip),
    ]
    for (opcode, modRM, operation) in conditional { row(opcode, modRM, .op(operation, .st0, .sti)) }
    let single: [(Int, Int, Operation)] = [
      (0xD9, 0xC0, .fld), (0xD9, 0xC8, .fxch), (0xDD, 0xC0, .ffree), (0xDD, 0xD0, .fst),
      (0xDD, 0xD8, .fstp), (0xDD, 0xE0, .fucom), (0xDD, 0xE8, .fucomp), (0xDF, 0xC0, .ffreep),
    ]
    for (opcode, modRM, operation) in single { row(opcode, modRM, .op(operation, .sti)) }
    let unnamed: [(Int, Int, Operation)] = [
      (0xD9, 0xD8, .fstp), (0xDC, 0xD0, .fcom), (0xDC, 0xD8, .fcomp), (0xDD, 0xC8, .fxch),
      (0xDE, 0xD0, .fcomp), (0xDF, 0xC8, .fxch), (0xDF, 0xD0, .fstp), (0xDF, 0xD8, .fstp),
    ]
    for (opcode, modRM, operation) in unnamed { row(opcode, modRM, .op(operation, .sti)) }
  }

  private mutating func addX87Constants() {
    let onTop: [(modRM: Int, operation: Operation)] = [
      (0xD0, .fnop), (0xE0, .fchs), (0xE1, .fabs), (0xE4, .ftst), (0xE5, .fxam), (0xE8, .fld1),
      (0xE9, .fldl2t), (0xEA, .fldl2e), (0xEB, .fldpi), (0xEC, .fldlg2), (0xED, .fldln2),
      (0xEE, .fldz), (0xF0, .f2xm1), (0xF1, .fyl2x), (0xF2, .fptan), (0xF3, .fpatan),
      (0xF4, .fxtract), (0xF5, .fprem1), (0xF6, .fdecstp), (0xF7, .fincstp), (0xF8, .fprem),
      (0xF9, .fyl2xp1), (0xFA, .fsqrt), (0xFB, .fsincos), (0xFC, .frndint), (0xFD, .fscale),
      (0xFE, .fsin), (0xFF, .fcos),
    ]
    for (modRM, operation) in onTop { x87(0xD9, register: modRM, .op(operation)) }
    x87(0xDA, register: 0xE9, .op(.fucompp))
    let control: [(modRM: Int, operation: Operation)] = [
      (0xE0, .fneni), (0xE1, .fndisi), (0xE2, .fnclex), (0xE3, .fninit), (0xE4, .fnsetpm),
    ]
    for (modRM, operation) in control { x87(0xDB, register: modRM, .op(operation)) }
    x87(0xDE, register: 0xD9, .op(.fcompp))
    x87(0xDF, register: 0xE0, .op(.fnstsw, .ax))
  }
}
