internal import Boot
internal import Host

extension VirtualMachine.Configuration {
  /// Who unpacks a bzImage's kernel; where the VMM may, `interpretsKernels` says whether it should.
  var resolvedKernelUnpacking: BootRequest.KernelUnpacking {
    switch kernelUnpacking {
    case .guest: .byGuest
    case .vmm: .byVMM
    case .auto: .byVMMIfPossible
    }
  }

  /// Whether an interpreter executes the guest's kernel on the engine that will most likely be used.
  ///
  /// Where the host's CPU does, a kernel unpacks itself as fast as we could, and randomizes its addresses on the
  /// way. Where an interpreter does, we are faster (docs/decisions/0024-unpacking-the-kernel.md has the
  /// measurements). Where this host is itself a guest, the
  /// question is one for its hypervisor, and takes as long as to open KVM.
  var interpretsKernels: Bool {
    engine == .software || assist == .ring0 || !FileAccess.isAllowed(kvmPath)
      || !HostProcessor.hasVirtualization
  }
}
