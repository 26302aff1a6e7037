internal import Boot
internal import Host

/// Hosts whose KVM has no hardware underneath: an interpreter in the host's kernel executes the guest's kernel.
extension VirtualMachine.Configuration {
  /// Whether an interpreter executes the guest's kernel on the engine that will most likely be used.
  ///
  /// Where this host is itself a guest, the question is one for its hypervisor, and takes as long as to open KVM.
  var interpretsKernels: Bool {
    engine == .software || assist == .ring0 || !FileAccess.isAllowed(kvmPath)
      || !HostProcessor.hasVirtualization
  }

  /// Why `auto` takes the software engine for an image of this format although there is KVM; nil: it takes KVM.
  ///
  /// A kernel is what such a KVM is worst at (docs/decisions/0028-kernels-where-kvm-interprets.md). What the user asked for
  /// besides can tell that KVM is wanted.
  ///
  /// - Parameter hasVirtualization: whether the host's CPU has VT-x or AMD-V; asked for only if it matters.
  func obstacleToKVM(
    for format: ImageFormat, hasVirtualization: @autoclosure () -> Bool = HostProcessor.hasVirtualization
  ) -> String? {
    guard engine == .auto, assist == .auto, interruptControllers != .kernel, format.isKernelOfASystem,
      FileAccess.isAllowed(kvmPath), !hasVirtualization()
    else { return nil }
    return "the processor here has neither VT-x nor AMD-V, and KVM would interpret the kernel, more slowly"
  }
}

extension ImageFormat {
  /// Whether it is that of kernels that are large and go on for long: Linux, and what is loaded as it is.
  fileprivate var isKernelOfASystem: Bool {
    switch self {
    case .linux64, .linux32, .linux16, .pvh: true
    case .bootSector, .flat16, .flat32, .flat64, .elf32, .elf64, .multiboot1: false
    }
  }
}
