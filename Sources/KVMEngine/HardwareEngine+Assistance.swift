public import Engine
internal import Host
internal import KVM

/// What a helper of this engine needs: see `AssistedEngine`.
extension HardwareEngine {
  /// Has KVM report an instruction of user mode that it cannot emulate, instead of raising #UD for it
  /// (KVM_CAP_EXIT_ON_EMULATION_FAILURE). Kernels before 5.14 cannot.
  public func reportEmulationFailuresOfUserMode() {
    try? kernelMachine.machine.enableCapability(.exitOnEmulationFailure, 1)
  }

  /// Makes KVM forget what it remembers of the guest's page tables.
  ///
  /// Where KVM walks them itself it keeps shadows of them, and sees the guest's writes to them, but not
  /// ours. To remove a memory slot makes it drop all of them, whichever slot that is; so one is added and
  /// removed, in the space under the firmware where a PC has nothing (KVM API, 4.35).
  ///
  /// - Throws: where the kernel refuses the slot.
  public func forgetTranslations() throws(EngineError) {
    let slot = UInt32(memory?.regions.count ?? 0)
    do throws(SystemError) {
      if spare == nil {
        spare = SparePage(
          try Mapping(byteCount: 4096, source: .anonymous(isReserved: false), purpose: "a spare page"))
      }
    } catch {
      throw EngineError(error.description, errno: error.errno)
    }
    try asEngineError { () throws(KVMError) in
      // Sound: the page is mapped for as long as this engine lives, and the slot goes at once.
      try unsafe kernelMachine.machine.setUserMemoryRegion(
        slot: slot, guestPhysicalAddress: Self.spareAddress, byteCount: 4096,
        hostMemory: spare?.mapping.base)
      try unsafe kernelMachine.machine.setUserMemoryRegion(
        slot: slot, guestPhysicalAddress: Self.spareAddress, byteCount: 0, hostMemory: nil)
    }
  }

  /// The page under the identity map.
  private static let spareAddress: UInt64 = 0xFFFB_B000
}

/// A page of host memory that is a guest's for a moment.
final class SparePage {
  let mapping: Mapping

  init(_ mapping: consuming Mapping) { self.mapping = mapping }
}

/// Whether KVM on this host keeps shadows of the guest's page tables, because the CPU does not walk two
/// levels of them, or is not let to.
public enum ShadowPaging {
  /// As the modules of the kernel say; true where they do not.
  public static let isInUse: Bool = !["kvm_intel/parameters/ept", "kvm_amd/parameters/npt"].contains {
    guard let file = try? ReadableFile(path: "/sys/module/\($0)", pipeLimit: 16),
      let text = try? file.readBytes(count: 1)
    else { return false }
    return text.first == UInt8(ascii: "Y") || text.first == UInt8(ascii: "1")
  }
}
