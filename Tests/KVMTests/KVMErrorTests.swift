import CLinux
@testable import KVM
import Testing

@Suite struct KVMErrorTests {
  @Test func aMissingDeviceIsNamedWithWhatToDo() throws {
    let error = #expect(throws: KVMError.self) { _ = try KVMDevice(path: "/nonexistent/kvm") }
    let sentence = try #require(error).description
    #expect(try #require(error).errno == ENOENT)
    #expect(sentence.hasPrefix("open failed on /nonexistent/kvm: No such file or directory (ENOENT)."))
    #expect(sentence.contains("modprobe kvm_intel"))
    #expect(!sentence.contains("--engine software"), "the library does not know the command's options")
  }

  @Test func aDeviceThatIsNotKVMIsCalledSo() throws {
    let error = #expect(throws: KVMError.self) { _ = try KVMDevice(path: "/dev/null") }
    #expect(try #require(error).description.contains("/dev/null is not a KVM device"))
  }

  @Test func aDirectoryIsAnError() throws {
    let error = #expect(throws: KVMError.self) { _ = try KVMDevice(path: "/") }
    #expect(try #require(error).errno == EISDIR)
  }

  @Test(arguments: [
    ("open", "/dev/kvm", EACCES, "usermod -aG kvm"),
    ("open", "/srv/kvm", EPERM, "setfacl -m u:$USER:rw /srv/kvm"),
    ("open", "/dev/kvm", ENXIO, "modprobe"),
    ("KVM_CREATE_VM", "/dev/kvm", EBUSY, "Another hypervisor"),
    ("KVM_CREATE_VM", "/dev/kvm", ENOMEM, "free memory"),
    ("KVM_CREATE_VCPU", "vCPU 3", EEXIST, "exists already"),
    ("KVM_GET_SREGS2", "vCPU 3", ENOTTY, "newer kernel"),
    ("KVM_ENABLE_CAP", "the virtual machine", EINVAL, "lacks the feature"),
    ("KVM_CREATE_VCPU", "vCPU 3", EMFILE, "ulimit -n"),
  ])
  func commonFailuresSayWhatToDoNext(operation: String, object: String, errno: Int32, advice: String) {
    let sentence = KVMError(operation, on: object, errno: errno).description
    #expect(sentence.hasPrefix("\(operation) failed on \(object): "))
    #expect(sentence.contains(advice))
    #expect(sentence.hasSuffix("."))
  }

  @Test func aResultThatIsNoErrorPasses() throws {
    #expect(try check(7, "KVM_CREATE_VM", on: "x") == 7)
    #expect(throws: KVMError("KVM_CREATE_VM", on: "x", errno: ENOMEM)) {
      try check(-ENOMEM, "KVM_CREATE_VM", on: "x")
    }
  }
}
