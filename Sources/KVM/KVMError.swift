internal import CKVM
internal import Host

/// An operation on KVM failed.
public struct KVMError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was attempted: the ioctl's name ("KVM_CREATE_VM"), "open", "mmap" or "pread".
  public var operation: String
  /// What it was attempted on: the device's path, "the virtual machine" or "vCPU 3".
  public var object: String
  /// The system's error number, or 0 where the system call itself succeeded.
  public var errno: Int32
  /// What is wrong and what to do next, in whole sentences; empty where there is nothing to add.
  public var advice: String

  /// An error with these parts.
  public init(operation: String, object: String, errno: Int32, advice: String) {
    self.operation = operation
    self.object = object
    self.errno = errno
    self.advice = advice
  }

  /// The failure of `operation` on `object` with `errno`, with the advice that fits it.
  init(_ operation: String, on object: String, errno: Int32) {
    self.init(
      operation: operation, object: object, errno: errno,
      advice: Self.advice(for: errno, operation: operation, object: object))
  }

  /// "KVM_CREATE_VM failed on /dev/kvm: Device or resource busy (EBUSY). Another hypervisor …".
  public var description: String {
    let failure = "\(operation) failed on \(object)"
    let reason = errno == 0 ? "." : ": \(SystemError.text(of: errno)) (\(SystemError.name(of: errno)))."
    return advice.isEmpty ? failure + reason : failure + reason + " " + advice
  }

  private static func advice(for errno: Int32, operation: String, object: String) -> String {
    switch (operation, errno) {
    case ("open", ENOENT), ("open", ENXIO), ("open", ENODEV):
      return """
        There is no KVM device: load its module (sudo modprobe kvm_intel, or kvm_amd), or switch \
        virtualization on in the firmware's set-up.
        """
    case ("open", EACCES), ("open", EPERM):
      return """
        This user may not use KVM: run "sudo usermod -aG kvm $USER" and log in again, or grant \
        access until the next boot with "sudo setfacl -m u:$USER:rw \(object)".
        """
    case (_, EBUSY) where operation == "open" || operation == "KVM_CREATE_VM":
      return "Another hypervisor holds the processor's virtualization: stop it and try again."
    case ("KVM_GET_API_VERSION", ENOTTY), ("KVM_GET_API_VERSION", EINVAL), ("KVM_GET_API_VERSION", ENOSYS):
      return "\(object) is not a KVM device: give the path of one (usually /dev/kvm)."
    case ("KVM_SET_USER_MEMORY_REGION", EEXIST):
      return "The region overlaps another one: give each its own range of guest addresses."
    case ("KVM_SET_USER_MEMORY_REGION", EINVAL):
      return """
        Addresses and sizes must be multiples of 4096, the slot's number below the limit, and an \
        existing slot can only be moved, deleted, or change its dirty-page log.
        """
    case ("KVM_CREATE_VCPU", EEXIST): return "A vCPU with this number exists already: use another."
    case ("KVM_CREATE_VCPU", EINVAL):
      return "The vCPU's number is beyond this kernel's limit: ask for fewer vCPUs."
    case ("KVM_CREATE_IRQCHIP", EEXIST), ("KVM_CREATE_PIT2", EEXIST): return "It exists already."
    case ("KVM_IRQ_LINE", ENXIO), ("KVM_CREATE_PIT2", ENOENT):
      return "Create the interrupt controllers first."
    case (_, EPERM), (_, EACCES):
      return "The system's policy forbids it: look for a container, seccomp or LSM rule about KVM."
    case (_, ENOMEM):
      return "The host has too little free memory: free some, or give the guest less."
    case (_, EMFILE): return "Too many files are open: raise the limit (ulimit -n)."
    case (_, ENFILE): return "The whole host has too many files open: close some."
    case (_, ENOTTY), (_, ENOSYS):
      return "This kernel's KVM lacks it: try a newer kernel."
    case (_, EINVAL):
      return "KVM refused the arguments, or this kernel's KVM lacks the feature: try a newer kernel."
    case (_, EFAULT): return "Memory that KVM was given, the guest's perhaps, is not mapped any more."
    case (_, EIO): return "The machine or vCPU has died inside KVM: the kernel's log (dmesg) may say why."
    default: return ""
    }
  }
}

/// Throws where `result` is a negated errno; returns it where it is not.
///
/// The object's name is only made for an error.
@inline(__always) @discardableResult
func check(_ result: Int32, _ operation: StaticString, on object: @autoclosure () -> String)
  throws(KVMError) -> Int32
{
  guard result >= 0 else {
    throw KVMError(operation.description, on: object(), errno: 0 &- result)
  }
  return result
}
