internal import Boot

extension VirtualMachine.Configuration {
  /// Who unpacks a bzImage's kernel; where the VMM may, `interpretsKernels` says whether it should.
  ///
  /// Where the host's CPU executes the guest's kernel, that unpacks itself as fast as we could, and randomizes its
  /// addresses on the way. Where an interpreter does, we are faster (docs/decisions/0024-unpacking-the-kernel.md has
  /// the measurements).
  var resolvedKernelUnpacking: BootRequest.KernelUnpacking {
    switch kernelUnpacking {
    case .guest: .byGuest
    case .vmm: .byVMM
    case .auto: .byVMMIfPossible
    }
  }
}
