import CLinux
import KVM
import Testing

/// Each runs in a process of its own, where no other test opens or closes files.
@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct DescriptorTests {
  @Test func everyDescriptorIsClosedOnce() async {
    await #expect(processExitsWith: .success) {
      let before = openDescriptors()
      for _ in 1...3 {
        let guest = try TinyGuest { machine in try machine.createIRQChip() }
        let ofMachine = try guest.machine.statistics()
        let ofProcessor = try guest.processor.statistics()
        // Device, machine, vCPU, two of statistics.
        let during = openDescriptors()
        try #require(during.subtracting(before).count == 5)
        let counts = (ofMachine.descriptors.count, ofProcessor.descriptors.count)
        try #require(counts.0 > 0 && counts.1 > 0)
      }
      let after = openDescriptors()
      try #require(after == before)
    }
  }

  @Test func failuresLeakNothing() async {
    await #expect(processExitsWith: .success) {
      let before = openDescriptors()
      #expect(throws: KVMError.self) { _ = try KVMDevice(path: "/dev/null") }
      let device = try KVMDevice()
      let machine = try device.createMachine()
      let during = openDescriptors()
      #expect(throws: KVMError.self) { _ = try machine.createProcessor(id: 0, runAreaByteCount: 1) }
      #expect(throws: KVMError.self) { _ = try machine.createProcessor(id: 1, runAreaByteCount: 1 << 52) }
      let after = openDescriptors()
      try #require(after == during)
      try #require(during.subtracting(before).count == 2)
    }
  }

  @Test func noDescriptorSurvivesExec() async {
    await #expect(processExitsWith: .success) {
      let before = openDescriptors()
      let guest = try TinyGuest { machine in try machine.createIRQChip() }
      let ofMachine = try guest.machine.statistics()
      let ofProcessor = try guest.processor.statistics()
      let new = openDescriptors().subtracting(before)
      try #require(new.count == 5)
      for descriptor in new {
        try #require(isClosedOnExec(descriptor), "descriptor \(descriptor)")
      }
      let counts = (ofMachine.descriptors.count, ofProcessor.descriptors.count)
      try #require(counts.0 > 0 && counts.1 > 0)
    }
  }
}

/// The numbers of the process's open descriptors.
func openDescriptors() -> Set<Int32> {
  // Sound: access reads the path during the call only.
  Set((0..<256).filter { unsafe access("/proc/self/fdinfo/\($0)", F_OK) == 0 })
}

/// Whether the kernel says of a descriptor that it is closed on exec.
func isClosedOnExec(_ descriptor: Int32) -> Bool {
  guard let text = textFile("/proc/self/fdinfo/\(descriptor)"),
    let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
    let flags = Int32(line.dropFirst("flags:".count).drop { $0 == "\t" || $0 == " " }, radix: 8)
  else { return false }
  return flags & O_CLOEXEC != 0
}
