/// The groups after 0F that are not vector instructions (SDM Vol. 2, table A-6; APM Vol. 3, table
///
extension OpcodeTable {
  mutating func addSystemGroups() {
    // Group 6.
    secondary(
      0x00,
      byExtension([
        .op(.sldt, .evMw), .op(.str, .evMw), .op(.lldt, .ew), .op(.ltr, .ew), .op(.verr, .ew),
        .op(.verw, .ew),
      ]))
    addGroup7()
    addGroup9()
    addGroup15()
    addHints()
  }

  /// Only without 66, F2 and F3: "NP" in the manual.
  private mutating func bare(_ entry: OpcodeEntry) -> OpcodeEntry { byPrefix(none: entry) }

  private mutating func addGroup7() {
    let smsw = OpcodeEntry.op(.smsw, .evMw)
    let lmsw = OpcodeEntry.op(.lmsw, .ew)
    let virtualization = byRegister([
      bare(.op(.enclv).of(.sgx)), .op(.vmcall).of(.hypercall), .op(.vmlaunch).of(.vmx),
      .op(.vmresume).of(.vmx),
      .op(.vmxoff).of(.vmx), bare(.op(.pconfig).of(.pconfig)),
    ])
    let monitor = byRegister([
      .op(.monitor).of(.monitor), .op(.mwait).of(.monitor), bare(.op(.clac).of(.smap)),
      bare(.op(.stac).of(.smap)), .undefined, .undefined, .undefined, bare(.op(.encls).of(.sgx)),
    ])
    let extended = byRegister([
      bare(.op(.xgetbv).of(.xsave)), bare(.op(.xsetbv).of(.xsave)), .undefined, .undefined,
      bare(.op(.vmfunc).of(.vmx)), bare(.op(.xend).of(.rtm)), bare(.op(.xtest).of(.rtm)),
      bare(.op(.enclu).of(.sgx)),
    ])
    let svm = byRegister([
      .op(.vmrun).of(.svm), .op(.vmmcall).of(.hypercall), .op(.vmload).of(.svm), .op(.vmsave).of(.svm),
      .op(.stgi).of(.svm), .op(.clgi).of(.svm), .op(.skinit).of(.svm), .op(.invlpga).of(.svm),
    ])
    let keys = byPrefix(
      none: byRegister([
        .op(.serialize).of(.serialize), .undefined, .undefined, .undefined, .undefined, .undefined,
        .op(.rdpkru).of(.protectionKeys), .op(.wrpkru).of(.protectionKeys),
      ]),
      pF3: byRegister([
        .op(.setssbsy).of(.shadowStack), .undefined, .op(.saveprevssp).of(.shadowStack),
      ]),
      pF2: byRegister([.op(.xsusldtrk).of(.tsxldtrk), .op(.xresldtrk).of(.tsxldtrk)]))
    let last = byRegister([
      .op(.swapgs).only64.of(.long64), .op(.rdtscp).of(.rdtscp), .op(.monitorx).of(.monitorx),
      .op(.mwaitx).of(.monitorx), .op(.clzero).of(.clzero), .op(.rdpru).of(.rdpru),
      byRepeat(
        none: .op(.invlpgb).of(.invlpgb), pF3: .op(.rmpadjust).of(.sevSNP),
        pF2: .op(.rmpupdate).of(.sevSNP)),
      byRepeat(
        none: .op(.tlbsync).of(.invlpgb), pF3: .op(.psmash).of(.sevSNP),
        pF2: .op(.pvalidate).of(.sevSNP)),
    ])
    let restore = byRepeat(pF3: .op(.rstorssp, .mq).of(.shadowStack))
    secondary(
      0x01,
      byExtension([
        byKind(memory: .op(.sgdt, .ms).force64, register: virtualization),
        byKind(memory: .op(.sidt, .ms).force64, register: monitor),
        byKind(memory: .op(.lgdt, .ms).force64, register: extended),
        byKind(memory: .op(.lidt, .ms).force64, register: svm),
        smsw,
        byKind(memory: restore, register: keys),
        lmsw,
        byKind(memory: .op(.invlpg, .m), register: last),
      ]))
  }

  private mutating func addGroup9() {
    let exchange = byGeneralWide(
      .op(.cmpxchg8b, .mq).lockable.of(.cx8), .op(.cmpxchg16b, .mo).lockable.of(.cx16))
    let pointer = byPrefix(
      none: .op(.vmptrld, .mq).of(.vmx), p66: .op(.vmclear, .mq).of(.vmx),
      pF3: .op(.vmxon, .mq).of(.vmx))
    let random = OpcodeEntry.op(.rdrand, .rv).of(.rdrand)
    let seed = OpcodeEntry.op(.rdseed, .rv).of(.rdseed)
    secondary(
      0xC7,
      byExtension([
        .undefined,
        exchange,
        .undefined,
        byPrefix(none: .op(.xrstors, .m).of(.xsaves)),
        byPrefix(none: .op(.xsavec, .m).of(.xsavec)),
        byPrefix(none: .op(.xsaves, .m).of(.xsaves)),
        byKind(memory: pointer, register: byRepeat(none: random)),
        byKind(
          memory: byPrefix(none: .op(.vmptrst, .mq).of(.vmx)),
          register: byRepeat(none: seed, pF3: .op(.rdpid, .rn).native.of(.rdpid))),
      ]))
  }

  /// Saving of state, fences and what was put beside them.
  private mutating func addGroup15() {
    secondary(
      0xAE,
      byExtension([
        byKind(
          memory: byPrefix(none: .op(.fxsave, .mFX).of(.fxsr)),
          register: byRepeat(pF3: .op(.rdfsbase, .ry).only64.of(.fsgsbase))),
        byKind(
          memory: byPrefix(none: .op(.fxrstor, .mFX).of(.fxsr)),
          register: byRepeat(pF3: .op(.rdgsbase, .ry).only64.of(.fsgsbase))),
        byKind(
          memory: byPrefix(none: .op(.ldmxcsr, .md).of(.sse)),
          register: byRepeat(pF3: .op(.wrfsbase, .ry).only64.of(.fsgsbase))),
        byKind(
          memory: byPrefix(none: .op(.stmxcsr, .md).of(.sse)),
          register: byRepeat(pF3: .op(.wrgsbase, .ry).only64.of(.fsgsbase))),
        byKind(
          memory: byPrefix(
            none: .op(.xsave, .m).of(.xsave), pF3: .op(.ptwrite, .ey).of(.ptwrite)),
          register: byPrefix(pF3: .op(.ptwrite, .ey).of(.ptwrite))),
        byKind(
          memory: byPrefix(none: .op(.xrstor, .m).of(.xsave)),
          register: byPrefix(
            none: .op(.lfence).of(.sse2), pF3: .op(.incssp, .ry).of(.shadowStack))),
        byKind(
          memory: byPrefix(
            none: .op(.xsaveopt, .m).of(.xsaveopt), p66: .op(.clwb, .mb).of(.clwb),
            pF3: .op(.clrssbsy, .mq).of(.shadowStack)),
          register: byPrefix(
            none: .op(.mfence).of(.sse2), p66: .op(.tpause, .rd).of(.waitpkg),
            pF3: .op(.umonitor, .rn).of(.waitpkg), pF2: .op(.umwait, .rd).of(.waitpkg))),
        byKind(
          memory: byPrefix(
            none: .op(.clflush, .mb).of(.clflush), p66: .op(.clflushopt, .mb).of(.clflushopt)),
          register: byPrefix(none: .op(.sfence).of(.sse))),
      ]))
  }

  /// Prefetches and the NOPs that are reserved for hints, some of which have a meaning now.
  private mutating func addHints() {
    let nop = OpcodeEntry.op(.nop, .ev)
    let amd = OpcodeEntry.op(.prefetch, .mb).of(.threeDNowPrefetch)
    secondary(
      0x0D,
      byKind(
        memory: byExtension([
          amd, .op(.prefetchw, .mb).of(.threeDNowPrefetch),
          .op(.prefetchwt1, .mb).of(.prefetchwt1), amd, amd, amd, amd, amd,
        ]),
        register: nop))
    secondary(
      0x18,
      byKind(
        memory: byExtension([
          .op(.prefetchnta, .mb).of(.sse), .op(.prefetcht0, .mb).of(.sse),
          .op(.prefetcht1, .mb).of(.sse), .op(.prefetcht2, .mb).of(.sse), nop, nop, nop, nop,
        ]),
        register: nop))
    for opcode in 0x19...0x1F { secondary(opcode, nop) }
    let demote = byPrefix(
      none: .op(.cldemote, .mb).of(.cldemote), p66: nop, pF3: nop, pF2: nop)
    secondary(
      0x1C, byKind(memory: byExtension([demote, nop, nop, nop, nop, nop, nop, nop]), register: nop))
    let endBranch = byRegister([
      nop, nop, .op(.endbr64), .op(.endbr32), nop, nop, nop, nop,
    ])
    let readShadow = OpcodeEntry.op(.rdssp, .ry)
    let withF3 = byExtension([nop, readShadow, nop, nop, nop, nop, nop, endBranch])
    secondary(0x1E, byRepeat(none: nop, pF3: byKind(memory: nop, register: withF3), pF2: nop))
  }
}
