/// The part of the architecture that an instruction belongs to, for the #UD of a processor whose
/// CPUID does not offer it (SDM Vol. 2, "CPUID Feature Flag" of each instruction).
public enum InstructionFeature: UInt8, Sendable, CaseIterable {
  /// In every processor with the 80486's instructions.
  case base
  /// Only in long mode (EFER.LMA) or its 64-bit submode: SWAPGS, CQO…
  case long64
  /// Floating point.
  case x87
  /// Families of the Pentium's and Pentium Pro's time.
  case tsc, msr, cx8, cx16, cmov, sysenter, syscall, rdtscp, rdpmc, fxsr
  /// 64-bit vectors and their AMD relative.
  case mmx, threeDNowPrefetch
  /// 128-bit vectors.
  case sse, sse2, sse3, ssse3, sse41, sse42, sse4a
  /// Bit manipulation.
  case popcnt, lzcnt, bmi1, bmi2, adx, movbe, lahfInLongMode
  /// Cryptography and random numbers.
  case aes, pclmulqdq, sha, gfni, vaes, vpclmulqdq, rdrand, rdseed
  /// Saved state.
  case xsave, xsaveopt, xsavec, xsaves
  /// Memory, caches and order.
  case clflush, clflushopt, clwb, cldemote, clzero, wbnoinvd, movdiri, movdir64b, ptwrite
  case prefetchwt1
  /// Segments, protection and translation.
  case fsgsbase, smap, invpcid, rdpid, rdpru, protectionKeys, shadowStack
  /// Waiting and serializing.
  case monitor, monitorx, waitpkg, serialize
  /// Transactions.
  case rtm, tsxldtrk
  /// 256- and 512-bit vectors.
  case avx, avx2, f16c, fma, avx512
  /// Virtualization and enclaves.
  case vmx, svm, smx, sgx, pconfig, invlpgb, sevSNP
  /// VMCALL and VMMCALL: there where a hypervisor says so.
  case hypercall
}
