internal import Boot
internal import Host

extension VirtualMachine.Configuration {
  /// Who unpacks a bzImage's kernel on the engine that will most likely be used.
  ///
  /// Where the host's CPU executes the guest's kernel, that unpacks itself as fast as we could, and randomizes
  /// its addresses on the way. Where an interpreter executes it, it takes longer than all else of the boot
  /// (docs/decisions/0024-unpacking-the-kernel.md has the measurements).
  var resolvedKernelUnpacking: BootRequest.KernelUnpacking {
    switch kernelUnpacking {
    case .guest: .byGuest
    case .vmm: .byVMM
    case .auto:
      engine == .software || assist == .ring0 || !FileAccess.isAllowed(kvmPath)
        || !HostProcessor.hasVirtualization
        ? .byVMMIfPossible : .byGuest
    }
  }
}
