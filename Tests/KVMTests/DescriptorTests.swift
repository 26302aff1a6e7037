import CLinux
import KVM
import Testing

/// Each runs in a process of its own, where no other test has KVM's descriptors.
@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct DescriptorTests {
  @Test func everyDescriptorIsClosed() async {
    await #expect(processExitsWith: .success) {
      for _ in 1...3 {
        let guest = try TinyGuest { machine in try machine.createIRQChip() }
        let ofMachine = try guest.machine.statistics()
        let ofProcessor = try guest.processor.statistics()
        let during = kvmDescriptors()
        // Device, machine, vCPU, two of statistics.
        try #require(during.count == 5)
        let counts = (ofMachine.descriptors.count, ofProcessor.descriptors.count)
        try #require(counts.0 > 0 && counts.1 > 0)
      }
      try #require(kvmDescriptors().isEmpty)
    }
  }

  @Test func failuresLeakNothing() async {
    await #expect(processExitsWith: .success) {
      let device = try KVMDevice()
      let machine = try device.createMachine()
      #expect(throws: KVMError.self) { _ = try machine.createProcessor(id: 0, runAreaByteCount: 1) }
      #expect(throws: KVMError.self) { _ = try machine.createProcessor(id: 1, runAreaByteCount: 1 << 52) }
      try #require(kvmDescriptors().count == 2)
      try #require(machine.check(.userMemory) > 0 && device.check(.userMemory) > 0)
    }
  }

  @Test func noDescriptorSurvivesExec() async {
    await #expect(processExitsWith: .success) {
      // This process was made by one that has guests at this moment.
      try #require(kvmDescriptors().isEmpty)
      let guest = try TinyGuest { machine in try machine.createIRQChip() }
      let ofMachine = try guest.machine.statistics()
      let ofProcessor = try guest.processor.statistics()
      let descriptors = kvmDescriptors()
      try #require(descriptors.count == 5)
      for descriptor in descriptors {
        try #require(isClosedOnExec(descriptor), "descriptor \(descriptor)")
      }
      let counts = (ofMachine.descriptors.count, ofProcessor.descriptors.count)
      try #require(counts.0 > 0 && counts.1 > 0)
    }
  }
}

/// The numbers of the process's open descriptors that belong to KVM: the kernel names them so.
func kvmDescriptors() -> [Int32] {
  (0..<256).filter { descriptor in
    var name = [UInt8](repeating: 0, count: 256)
    // Sound: readlink writes at most as many bytes as the array has.
    let count = unsafe name.withUnsafeMutableBytes { bytes in
      unsafe readlink("/proc/self/fd/\(descriptor)", bytes.baseAddress!, bytes.count)
    }
    return String(decoding: name.prefix(max(count, 0)), as: UTF8.self).contains("kvm")
  }
}

/// Whether the kernel says of a descriptor that it is closed on exec.
func isClosedOnExec(_ descriptor: Int32) -> Bool {
  guard let text = textFile("/proc/self/fdinfo/\(descriptor)"),
    let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
    let flags = Int32(line.dropFirst("flags:".count).drop { $0 == "\t" || $0 == " " }, radix: 8)
  else { return false }
  return flags & O_CLOEXEC != 0
}
