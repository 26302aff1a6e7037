/// What an instruction does: one case a mnemonic of the manuals (SDM Vol. 2, APM Vol. 3).
///
/// Forms that differ by width, condition or operand kind share a case; the other fields of
/// `Instruction` tell them apart. `mnemonic` is the name to print.
public enum Operation: UInt16, Sendable, CaseIterable {
  /// Nothing that is defined.
  case invalid
  /// Arithmetic and logic.
  case adc, add, and, cmp, dec, div, idiv, imul, inc, mul, neg, not, or, sbb, sub, test, xor
  /// Shifts and rotates; `shl` is SAL as well.
  case rcl, rcr, rol, ror, sar, shl, shld, shr, shrd
  /// Bits.
  case bsf, bsr, bt, btc, btr, bts
  /// Decimal arithmetic, not in 64-bit mode, and the undocumented SALC.
  case aaa, aad, aam, aas, daa, das, salc
  /// Moves between registers and memory; `mov` includes segment, control and debug registers.
  case bswap, cmpxchg, cmpxchg8b, cmpxchg16b, lea, mov, movbe, movsx, movsxd, movzx, xadd, xchg,
    xlat
  /// By a condition, which `Instruction.condition` tells.
  case cmovcc, jcc, setcc
  /// Sign extension of the accumulator.
  case cbw, cwde, cdqe, cwd, cdq, cqo
  /// String instructions; `Instruction.operandSize` is the width of an element.
  case cmps, ins, lods, movs, outs, scas, stos
  /// The stack.
  case enter, leave, pop, popa, popf, push, pusha, pushf
  /// Branches; each is direct or indirect by its operand. `jcxz` is JECXZ and JRCXZ as well, by
  /// address size.
  case callFar, callNear, jcxz, jmpFar, jmpNear, loop, loope, loopne, retFar, retNear
  /// Interrupts.
  case bound, int, int1, int3, into, iret
  /// Flags.
  case clac, clc, cld, cli, cmc, lahf, sahf, stac, stc, std, sti
  /// Ports.
  case `in`, out
  /// Loads of a far pointer.
  case lds, les, lfs, lgs, lss
  /// Descriptor tables and segments.
  case arpl, lar, lgdt, lidt, lldt, lsl, ltr, sgdt, sidt, sldt, str, swapgs, verr, verw, rdfsbase,
    rdgsbase, wrfsbase, wrgsbase
  /// Control of the processor.
  case clts, cpuid, hlt, invd, invlpg, invpcid, lmsw, rdmsr, rdpmc, rdpid, rdpkru, rdpru, rdtsc,
    rdtscp, rsm, serialize, smsw, syscall, sysenter, sysexit, sysret, wbinvd, wbnoinvd, wrmsr,
    wrpkru, xgetbv, xsetbv
  /// Nothing, and what waits.
  case nop, pause, endbr32, endbr64, monitor, monitorx, mwait, mwaitx, tpause, umonitor, umwait
  /// Undefined on purpose.
  case ud0, ud1, ud2
  /// Random numbers.
  case rdrand, rdseed
  /// Caches and order.
  case cldemote, clflush, clflushopt, clwb, clzero, lfence, mfence, sfence, movdiri, movdir64b,
    prefetch, prefetchnta, prefetcht0, prefetcht1, prefetcht2, prefetchw, prefetchwt1, ptwrite
  /// Saving of state; the forms with REX.W are told by `Instruction.operandSize` 8.
  case fxrstor, fxsave, ldmxcsr, stmxcsr, xrstor, xrstors, xsave, xsavec, xsaveopt, xsaves
  /// VMX and SMX.
  case getsec, invept, invvpid, vmcall, vmclear, vmfunc, vmlaunch, vmptrld, vmptrst, vmread,
    vmresume, vmwrite, vmxoff, vmxon
  /// SVM and SEV-SNP.
  case psmash, pvalidate, rmpadjust, rmpupdate, clgi, invlpga, invlpgb, skinit, stgi, tlbsync, vmload,
    vmmcall, vmrun, vmsave
  /// SGX and PCONFIG.
  case encls, enclu, enclv, pconfig
  /// Transactions.
  case xabort, xbegin, xend, xtest, xresldtrk, xsusldtrk
  /// Shadow stacks; D and Q by operand size.
  case clrssbsy, incssp, rdssp, rstorssp, saveprevssp, setssbsy, wrss, wruss
  /// Bit manipulation (BMI1, BMI2, ADX, POPCNT, LZCNT) and CRC32.
  case adcx, adox, andn, bextr, blsi, blsmsk, blsr, bzhi, crc32, lzcnt, mulx, pdep, pext, popcnt,
    rorx, sarx, shlx, shrx, tzcnt
  /// x87: arithmetic.
  case fabs, fadd, faddp, fchs, fdiv, fdivp, fdivr, fdivrp, fiadd, fidiv, fidivr, fimul, fisub,
    fisubr, fmul, fmulp, fprem, fprem1, frndint, fscale, fsqrt, fsub, fsubp, fsubr, fsubrp,
    fxtract
  /// x87: transcendental functions.
  case f2xm1, fcos, fpatan, fptan, fsin, fsincos, fyl2x, fyl2xp1
  /// x87: comparison.
  case fcom, fcomi, fcomip, fcomp, fcompp, ficom, ficomp, ftst, fucom, fucomi, fucomip, fucomp,
    fucompp, fxam
  /// x87: moves.
  case fbld, fbstp, fcmovb, fcmovbe, fcmove, fcmovnb, fcmovnbe, fcmovne, fcmovnu, fcmovu, fild,
    fist, fistp, fisttp, fld, fst, fstp, fxch, fld1, fldl2e, fldl2t, fldlg2, fldln2, fldpi, fldz
  /// x87: control. `fndisi`, `fneni` and `fnsetpm` do nothing since the 80387.
  case fdecstp, ffree, ffreep, fincstp, fldcw, fldenv, fnclex, fndisi, fneni, fninit, fnop, fnsave,
    fnsetpm, fnstcw, fnstenv, fnstsw, frstor, fwait
  /// MMX, and SSE where the same instruction has XMM operands.
  case emms, movd, movq, packssdw, packsswb, packuswb, paddb, paddd, paddq, paddsb, paddsw, paddusb,
    paddusw, paddw, pand, pandn, pavgb, pavgw, pcmpeqb, pcmpeqd, pcmpeqw, pcmpgtb, pcmpgtd,
    pcmpgtw, pextrw, pinsrw, pmaddwd, pmaxsw, pmaxub, pminsw, pminub, pmovmskb, pmulhuw, pmulhw,
    pmullw, pmuludq, por, psadbw, pshufw, pslld, psllq, psllw, psrad, psraw, psrld, psrlq, psrlw,
    psubb, psubd, psubq, psubsb, psubsw, psubusb, psubusw, psubw, punpckhbw, punpckhdq,
    punpckhwd, punpcklbw, punpckldq, punpcklwd, pxor, maskmovq, movntq
  /// SSE.
  case addps, addss, andnps, andps, cmpps, cmpss, comiss, cvtpi2ps, cvtps2pi, cvtsi2ss, cvtss2si,
    cvttps2pi, cvttss2si, divps, divss, maxps, maxss, minps, minss, movaps, movhlps, movhps,
    movlhps, movlps, movmskps, movntps, movss, movups, mulps, mulss, orps, rcpps, rcpss, rsqrtps,
    rsqrtss, shufps, sqrtps, sqrtss, subps, subss, ucomiss, unpckhps, unpcklps, xorps
  /// SSE2; `movsd` and `cmpsd` are the ones with XMM operands.
  case addpd, addsd, andnpd, andpd, cmppd, cmpsd, comisd, cvtdq2pd, cvtdq2ps, cvtpd2dq, cvtpd2pi,
    cvtpd2ps, cvtpi2pd, cvtps2dq, cvtps2pd, cvtsd2si, cvtsd2ss, cvtsi2sd, cvtss2sd, cvttpd2dq,
    cvttpd2pi, cvttps2dq, cvttsd2si, divpd, divsd, maskmovdqu, maxpd, maxsd, minpd, minsd,
    movapd, movdq2q, movdqa, movdqu, movhpd, movlpd, movmskpd, movntdq, movnti, movntpd, movq2dq,
    movsd, movupd, mulpd, mulsd, orpd, pshufd, pshufhw, pshuflw, pslldq, psrldq, punpckhqdq,
    punpcklqdq, shufpd, sqrtpd, sqrtsd, subpd, subsd, ucomisd, unpckhpd, unpcklpd, xorpd
  /// SSE3.
  case addsubpd, addsubps, haddpd, haddps, hsubpd, hsubps, lddqu, movddup, movshdup, movsldup
  /// SSSE3.
  case pabsb, pabsd, pabsw, palignr, phaddd, phaddsw, phaddw, phsubd, phsubsw, phsubw, pmaddubsw,
    pmulhrsw, pshufb, psignb, psignd, psignw
  /// SSE4.1.
  case blendpd, blendps, blendvpd, blendvps, dppd, dpps, extractps, insertps, movntdqa, mpsadbw,
    packusdw, pblendvb, pblendw, pcmpeqq, pextrb, pextrd, pextrq, phminposuw, pinsrb, pinsrd,
    pinsrq, pmaxsb, pmaxsd, pmaxud, pmaxuw, pminsb, pminsd, pminud, pminuw, pmovsxbd, pmovsxbq,
    pmovsxbw, pmovsxdq, pmovsxwd, pmovsxwq, pmovzxbd, pmovzxbq, pmovzxbw, pmovzxdq, pmovzxwd,
    pmovzxwq, pmuldq, pmulld, ptest, roundpd, roundps, roundsd, roundss
  /// SSE4.2 and SSE4a.
  case pcmpestri, pcmpestrm, pcmpgtq, pcmpistri, pcmpistrm, extrq, insertq, movntsd, movntss
  /// AES, PCLMULQDQ, SHA and GFNI.
  case aesdec, aesdeclast, aesenc, aesenclast, aesimc, aeskeygenassist, pclmulqdq, sha1msg1,
    sha1msg2, sha1nexte, sha1rnds4, sha256msg1, sha256msg2, sha256rnds2, gf2p8affineinvqb,
    gf2p8affineqb, gf2p8mulb
  /// AVX: of one or two operands more than the SSE instruction of the same name.
  case vaddpd, vaddps, vaddsd, vaddss, vaddsubpd, vaddsubps, vaesdec, vaesdeclast, vaesenc,
    vaesenclast, vaesimc, vaeskeygenassist, vandnpd, vandnps, vandpd, vandps, vblendpd, vblendps,
    vblendvpd, vblendvps, vcmppd, vcmpps, vcmpsd, vcmpss, vcomisd, vcomiss, vcvtdq2pd, vcvtdq2ps,
    vcvtpd2dq, vcvtpd2ps, vcvtps2dq, vcvtps2pd, vcvtsd2si, vcvtsd2ss, vcvtsi2sd, vcvtsi2ss,
    vcvtss2sd, vcvtss2si, vcvttpd2dq, vcvttps2dq, vcvttsd2si, vcvttss2si, vdivpd, vdivps, vdivsd,
    vdivss, vdppd, vdpps, vextractps, vgf2p8affineinvqb, vgf2p8affineqb, vgf2p8mulb, vhaddpd,
    vhaddps, vhsubpd, vhsubps, vinsertps, vlddqu, vldmxcsr, vmaskmovdqu, vmaxpd, vmaxps, vmaxsd,
    vmaxss, vminpd, vminps, vminsd, vminss, vmovapd, vmovaps, vmovd, vmovddup, vmovdqa, vmovdqu,
    vmovhlps, vmovhpd, vmovhps, vmovlhps, vmovlpd, vmovlps, vmovmskpd, vmovmskps, vmovntdq,
    vmovntdqa, vmovntpd, vmovntps, vmovq, vmovsd, vmovshdup, vmovsldup, vmovss, vmovupd, vmovups,
    vmpsadbw, vmulpd, vmulps, vmulsd, vmulss, vorpd, vorps, vpabsb, vpabsd, vpabsw, vpackssdw,
    vpacksswb, vpackusdw, vpackuswb, vpaddb, vpaddd, vpaddq, vpaddsb, vpaddsw, vpaddusb,
    vpaddusw, vpaddw, vpalignr, vpand, vpandn, vpavgb, vpavgw, vpblendvb, vpblendw, vpclmulqdq,
    vpcmpeqb, vpcmpeqd, vpcmpeqq, vpcmpeqw, vpcmpestri, vpcmpestrm, vpcmpgtb, vpcmpgtd, vpcmpgtq,
    vpcmpgtw, vpcmpistri, vpcmpistrm, vpextrb, vpextrd, vpextrq, vpextrw, vphaddd, vphaddsw,
    vphaddw, vphminposuw, vphsubd, vphsubsw, vphsubw, vpinsrb, vpinsrd, vpinsrq, vpinsrw,
    vpmaddubsw, vpmaddwd, vpmaxsb, vpmaxsd, vpmaxsw, vpmaxub, vpmaxud, vpmaxuw, vpminsb, vpminsd,
    vpminsw, vpminub, vpminud, vpminuw, vpmovmskb, vpmovsxbd, vpmovsxbq, vpmovsxbw, vpmovsxdq,
    vpmovsxwd, vpmovsxwq, vpmovzxbd, vpmovzxbq, vpmovzxbw, vpmovzxdq, vpmovzxwd, vpmovzxwq,
    vpmuldq, vpmulhrsw, vpmulhuw, vpmulhw, vpmulld, vpmullw, vpmuludq, vpor, vpsadbw, vpshufb,
    vpshufd, vpshufhw, vpshuflw, vpsignb, vpsignd, vpsignw, vpslld, vpslldq, vpsllq, vpsllw,
    vpsrad, vpsraw, vpsrld, vpsrldq, vpsrlq, vpsrlw, vpsubb, vpsubd, vpsubq, vpsubsb, vpsubsw,
    vpsubusb, vpsubusw, vpsubw, vptest, vpunpckhbw, vpunpckhdq, vpunpckhqdq, vpunpckhwd,
    vpunpcklbw, vpunpckldq, vpunpcklqdq, vpunpcklwd, vpxor, vrcpps, vrcpss, vroundpd, vroundps,
    vroundsd, vroundss, vrsqrtps, vrsqrtss, vshufpd, vshufps, vsqrtpd, vsqrtps, vsqrtsd, vsqrtss,
    vstmxcsr, vsubpd, vsubps, vsubsd, vsubss, vucomisd, vucomiss, vunpckhpd, vunpckhps,
    vunpcklpd, vunpcklps, vxorpd, vxorps
  /// AVX, AVX2 and F16C: without an SSE counterpart.
  case vbroadcastf128, vbroadcasti128, vbroadcastsd, vbroadcastss, vcvtph2ps, vcvtps2ph,
    vextractf128, vextracti128, vgatherdpd, vgatherdps, vgatherqpd, vgatherqps, vinsertf128,
    vinserti128, vmaskmovpd, vmaskmovps, vpblendd, vpbroadcastb, vpbroadcastd, vpbroadcastq,
    vpbroadcastw, vperm2f128, vperm2i128, vpermd, vpermilpd, vpermilps, vpermpd, vpermps, vpermq,
    vpgatherdd, vpgatherdq, vpgatherqd, vpgatherqq, vpmaskmovd, vpmaskmovq, vpsllvd, vpsllvq,
    vpsravd, vpsrlvd, vpsrlvq, vtestpd, vtestps, vzeroall, vzeroupper
  /// FMA.
  case vfmadd132pd, vfmadd132ps, vfmadd132sd, vfmadd132ss, vfmadd213pd, vfmadd213ps, vfmadd213sd,
    vfmadd213ss, vfmadd231pd, vfmadd231ps, vfmadd231sd, vfmadd231ss, vfmsub132pd, vfmsub132ps,
    vfmsub132sd, vfmsub132ss, vfmsub213pd, vfmsub213ps, vfmsub213sd, vfmsub213ss, vfmsub231pd,
    vfmsub231ps, vfmsub231sd, vfmsub231ss, vfnmadd132pd, vfnmadd132ps, vfnmadd132sd,
    vfnmadd132ss, vfnmadd213pd, vfnmadd213ps, vfnmadd213sd, vfnmadd213ss, vfnmadd231pd,
    vfnmadd231ps, vfnmadd231sd, vfnmadd231ss, vfnmsub132pd, vfnmsub132ps, vfnmsub132sd,
    vfnmsub132ss, vfnmsub213pd, vfnmsub213ps, vfnmsub213sd, vfnmsub213ss, vfnmsub231pd,
    vfnmsub231ps, vfnmsub231sd, vfnmsub231ss, vfmaddsub132pd, vfmaddsub132ps, vfmaddsub213pd,
    vfmaddsub213ps, vfmaddsub231pd, vfmaddsub231ps, vfmsubadd132pd, vfmsubadd132ps,
    vfmsubadd213pd, vfmsubadd213ps, vfmsubadd231pd, vfmsubadd231ps
  /// AVX-512: the mask registers.
  case kaddb, kaddd, kaddq, kaddw, kandb, kandd, kandq, kandw, kandnb, kandnd, kandnq, kandnw,
    kmovb, kmovd, kmovq, kmovw, knotb, knotd, knotq, knotw, korb, kord, korq, korw, kortestb,
    kortestd, kortestq, kortestw, kshiftlb, kshiftld, kshiftlq, kshiftlw, kshiftrb, kshiftrd,
    kshiftrq, kshiftrw, ktestb, ktestd, ktestq, ktestw, kxnorb, kxnord, kxnorq, kxnorw, kxorb,
    kxord, kxorq, kxorw, kunpckbw, kunpckdq, kunpckwd
  /// AVX-512: an instruction with an EVEX prefix, of which only length and prefixes are decoded.
  case evex
}
