internal import CKVM
internal import Host

/// The mapping of a vCPU's run area. It is a class because two things need it to exist: the vCPU,
/// and the flags by which other threads make the vCPU stop.
@safe
final class KVMRunMapping: @unchecked Sendable {
  // @unchecked: the properties never change. The area is written by the vCPU's thread and the
  // kernel only, but for `immediate_exit`, which is stored atomically.
  private let mapping: Mapping

  /// The start of the area.
  @unsafe var area: UnsafeMutablePointer<kvm_run> {
    // Sound: the mapping is page-aligned and the kernel keeps a kvm_run at its start.
    unsafe mapping.base.assumingMemoryBound(to: kvm_run.self)
  }

  /// Maps the first `byteCount` bytes of a vCPU.
  init(vcpu: Int32, byteCount: Int, name: String) throws(KVMError) {
    do throws(SystemError) {
      mapping = try Mapping(byteCount: byteCount, source: .shared(descriptor: vcpu), purpose: "the run area")
    } catch {
      throw KVMError("mmap", on: name, errno: error.errno)
    }
  }
}

/// Makes a vCPU's `run()` return -EINTR without entering the guest (`immediate_exit` of the run
/// area; section 5 of the KVM API). Any thread may use it, at any time.
///
/// It keeps the run area mapped, and with it the machine in the kernel, for as long as it exists.
public struct ImmediateExitFlag: Sendable {
  private let mapping: KVMRunMapping

  init(_ mapping: KVMRunMapping) { self.mapping = mapping }

  /// Sets or clears the flag. The kernel looks at it when `run()` starts: a vCPU that is in the
  /// guest already needs a signal to its thread as well.
  public func set(_ isSet: Bool = true) {
    // Sound: the area is mapped as long as `mapping` lives; the store is atomic.
    unsafe ckvm_run_set_immediate_exit(mapping.area, isSet ? 1 : 0)
  }

  /// Whether the flag is set.
  public var isSet: Bool {
    // Sound: as above.
    unsafe ckvm_run_get_immediate_exit(mapping.area) != 0
  }
}
