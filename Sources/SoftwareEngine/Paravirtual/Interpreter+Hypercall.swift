internal import Engine
internal import X86

/// VMCALL and VMMCALL: both are there on every CPU, whoever its maker is (Linux,
/// Documentation/virt/kvm/x86/hypercalls.rst).
extension Interpreter {
  /// The run loop answers; RIP is past the instruction then. Above privilege level 0 nobody is asked.
  func callHypervisor() {
    guard core.privilege == 0 else { return completeHypercall(Self.notPermitted) }
    let number = hypercallWord(core.rax)
    // The vCPU gives its turn away.
    if number == Self.yield { yieldTurn() }
    pendingExit = .hypercall(number: number)
  }

  /// -KVM_EPERM.
  private static let notPermitted: Int64 = -1
  /// KVM_HC_SCHED_YIELD.
  private static let yield: UInt64 = 11

  /// The arguments, as the registers have them.
  var hypercallArguments: HypercallArguments {
    HypercallArguments(
      hypercallWord(core.rbx), hypercallWord(core.rcx), hypercallWord(core.rdx), hypercallWord(core.rsi))
  }

  /// What RAX becomes.
  func completeHypercall(_ result: Int64) { core.rax = hypercallWord(UInt64(bitPattern: result)) }

  /// Outside 64-bit mode registers have 32 bits.
  private func hypercallWord(_ value: UInt64) -> UInt64 { core.isLong ? value : value & 0xFFFF_FFFF }
}
