import CLinux
import KVM
import Testing

@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct KVMDeviceTests {
  @Test func theDeviceAnswersAboutItself() throws {
    let device = try KVMDevice()
    #expect(device.path == "/dev/kvm")
    #expect(device.check(.userMemory) > 0)
    #expect(device.check(KVMCapability(rawValue: 0x7FFF_FFFF)) == 0)
    #expect(try device.runAreaByteCount() >= 4096)
    let present = device.capabilities()
    #expect(present.contains(.userMemory))
    for (capability, _) in KVMCapability.named {
      #expect(present.contains(capability) == (device.check(capability) > 0))
    }
  }

  @Test func capabilitiesHaveTheKernelsNames() {
    #expect(KVMCapability.irqChip.description == "KVM_CAP_IRQCHIP")
    #expect(KVMCapability.xsave2.description == "KVM_CAP_XSAVE2")
    #expect(KVMCapability(rawValue: 60000).description == "KVM_CAP_60000")
    #expect(Set(KVMCapability.named.map(\.capability)).count == KVMCapability.named.count)
  }

  @Test func limitsAreInOrder() throws {
    let limits = try KVMDevice().limits()
    #expect(limits.recommendedProcessorCount >= 1)
    #expect(limits.maximumProcessorCount >= limits.recommendedProcessorCount)
    #expect(limits.processorIDBound >= limits.maximumProcessorCount)
    #expect(limits.memorySlotCount >= 32)
  }

  @Test func supportedCPUIDNamesTheHostsVendor() throws {
    let entries = try KVMDevice().supportedCPUID()
    let leaf = try #require(entries.first { $0.function == 0 })
    let vendor = [leaf.ebx, leaf.edx, leaf.ecx].flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
    let text = try #require(textFile("/proc/cpuinfo"))
    #expect(text.contains("vendor_id\t: \(String(decoding: vendor, as: UTF8.self))\n"))
    #expect(entries.contains { $0.function == 0xD && $0.index == 1 })
  }

  @Test func emulatedCPUIDIsReadable() throws {
    let device = try KVMDevice()
    guard device.check(.emulatedCPUID) > 0 else { return }
    _ = try device.emulatedCPUID()
  }

  @Test func registerListsAreNotEmpty() throws {
    let device = try KVMDevice()
    let registers = try device.msrIndexList()
    #expect(registers.contains(0x174))  // IA32_SYSENTER_CS
    #expect(registers.contains(0xC000_0082))  // LSTAR
    #expect(Set(registers).count == registers.count)
    if device.check(.featureMSRs) > 0 {
      let features = try device.featureMSRIndexList()
      let values = try device.featureMSRs(features)
      #expect(values.entries.count + values.refused.count == features.count)
    }
  }

  @Test func anUnknownMachineTypeIsRefused() throws {
    let device = try KVMDevice()
    let error = #expect(throws: KVMError.self) { _ = try device.createMachine(type: 0xFFFF) }
    #expect(try #require(error).operation == "KVM_CREATE_VM")
    #expect(try #require(error).errno == EINVAL)
  }
}
