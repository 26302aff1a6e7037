@testable import SoftwareEngine
import Testing
import X86

@Suite("The model of the CPU")
struct ProcessorModelTests {
  private static func host(_ vendor: String, frequency: UInt64 = 2_100_000_000) -> HostIdentification {
    var host = HostIdentification()
    host.vendor = vendor
    host.timeStampFrequency = frequency
    return host
  }

  @Test("it is x86-64-v2 but for what the host lacks")
  func baseline() {
    let table = ProcessorModel().table
    let level2 = "cmov cx8 fpu fxsr mmx syscall sse sse2 cx16 lahf_lm popcnt lm nx"
    for name in level2.split(separator: " ") { #expect(table.hasNamed(String(name)), "\(name)") }
    #expect(table.brand == "SwiftVM software CPU")
    #expect(table.hypervisorSignature == CPUIDTable.kvmSignature)
    #expect(table.physicalAddressBits == 40)
    #expect(table.extendedStateMaximumByteCount == 576)
  }

  @Test("what CPUID does not show is #UD, and cannot be enabled")
  func consistency() throws {
    var table = CPUIDTable.softwareProcessor(Self.host("GenuineIntel"))
    for name in ["rdtscp", "smep", "xsave", "syscall"] {
      table.set(try #require(CPUIDFeature.named(name)), to: false)
    }
    let model = ProcessorModel(table)
    #expect(!model.has(.rdtscp) && !model.has(.xsave) && !model.has(.syscall))
    #expect(model.has(.base) && model.has(.popcnt))
    #expect(!model.supportedCR4.contains(.supervisorModeExecutionPrevention))
    #expect(!model.supportedCR4.contains(.osXSAVE))
    #expect(!model.supportedEFER.contains(.systemCallExtensions))
    #expect(!model.has(.vmx) && !model.has(.svm) && !model.has(.avx))
  }

  @Test("CPUID follows CR4.OSXSAVE, and beyond its last leaf repeats it as Intel's CPUs do")
  func instruction() throws {
    // cpuid
    let machine = try Machine.long([0x0F, 0xA2])
    machine.cpu.core.rax = 1
    machine.cpu.core.cr4.insert(.osXSAVE)
    machine.step()
    #expect(machine.cpu.core.rcx & 1 << 27 != 0)
    #expect(machine.cpu.core.rbx >> 24 == 0)
    let model = ProcessorModel(CPUIDTable.softwareProcessor(Self.host("GenuineIntel")))
    let last = model.identification(leaf: 0x16, subleaf: 0, hasOSXSAVE: false, isAPICEnabled: true)
    #expect(model.identification(leaf: 0x1234, subleaf: 0, hasOSXSAVE: false, isAPICEnabled: true) == last)
    #expect(last.eax == 2100)
  }

  @Test("a frequency that the host does not tell is measured for leaf 0x16, and leaf 0x15 claims none")
  func measuredFrequency() {
    let model = ProcessorModel(host: Self.host("GenuineIntel", frequency: 0))
    func leaf(_ number: UInt32) -> CPUIDRegisters {
      model.identification(leaf: number, subleaf: 0, hasOSXSAVE: false, isAPICEnabled: true)
    }
    #expect(leaf(0x15) == CPUIDRegisters())
    #expect(UInt64(leaf(0x16).eax) == (HostIdentification.timeStampFrequency + 500_000) / 1_000_000)
    #expect(leaf(0x16).eax > 100)
    // A table that somebody else made is taken as it is.
    let other = ProcessorModel(CPUIDTable.softwareProcessor(Self.host("GenuineIntel", frequency: 0)))
    #expect(
      other.identification(leaf: 0x16, subleaf: 0, hasOSXSAVE: false, isAPICEnabled: true)
        == CPUIDRegisters())
  }

  @Test("each vCPU has its own APIC ID")
  func topology() {
    let model = ProcessorModel(index: 2, processorCount: 4)
    let leaf = model.identification(leaf: 1, subleaf: 0, hasOSXSAVE: false, isAPICEnabled: true)
    #expect(leaf.ebx >> 24 == 2)
    #expect(model.table[0xB, 1]?.registers.edx == 2)
    #expect(model.table[0xB, 1]?.registers.ebx == 4)
  }

  @Test("the vendor decides what AMD and Intel do differently")
  func vendor() {
    let amd = ProcessorModel(CPUIDTable.softwareProcessor(Self.host("AuthenticAMD")))
    #expect(amd.isAMD)
    #expect(amd.table.vendor == "AuthenticAMD")
    #expect(amd.architecturalCapabilities == 0)
    let intel = ProcessorModel(CPUIDTable.softwareProcessor(Self.host("GenuineIntel")))
    #expect(!intel.isAMD)
    #expect(intel.architecturalCapabilities & 1 == 1)
  }

  @Test(
    "leaf 0x15 tells the frequency within 1/1000000, in parts that Linux can multiply",
    arguments: [2_100_000_000, 2_095_078_000, 3_792_896_000, 999_999_937, 2_445_406_123] as [UInt64])
  func frequency(hertz: UInt64) throws {
    let table = CPUIDTable.softwareProcessor(Self.host("GenuineIntel", frequency: hertz))
    let leaf = try #require(table[0x15]).registers
    #expect(leaf.ecx == 1_000_000_000)
    #expect(UInt64(leaf.ecx) / 1000 * UInt64(leaf.ebx) <= UInt64(UInt32.max))
    let told = UInt64(leaf.ecx) * UInt64(leaf.ebx) / UInt64(leaf.eax)
    #expect(told > hertz - hertz / 1_000_000 && told < hertz + hertz / 1_000_000)
  }
}
