import Testing
import X86

@Suite struct ModelSpecificRegistersTests {
  @Test func staysSortedThroughRandomChanges() {
    var generator = SeededGenerator(seed: 5)
    var registers = ModelSpecificRegisters()
    var model: [UInt32: UInt64] = [:]
    for _ in 0..<2000 {
      let number = UInt32.random(in: 0..<50, using: &generator)
      let value = generator.next() & 3 == 0 ? nil : generator.next()
      registers[MSR(rawValue: number)] = value
      model[number] = value
      let wanted = model.sorted { $0.key < $1.key }
      #expect(registers.entries.map(\.register.rawValue) == wanted.map(\.key))
      #expect(registers.entries.map(\.value) == wanted.map(\.value))
      #expect(registers[MSR(rawValue: number)] == value)
    }
  }

  /// Names as in the SDM, volume 4, the numbered families at both ends.
  @Test(
    arguments: [
      (0x10, "IA32_TIME_STAMP_COUNTER"), (0x174, "IA32_SYSENTER_CS"), (0x200, "IA32_MTRR_PHYSBASE0"),
      (0x20F, "IA32_MTRR_PHYSMASK7"), (0x277, "IA32_PAT"), (0x400, "IA32_MC0_CTL"), (0x413, "IA32_MC4_MISC"),
      (0x186, "IA32_PERFEVTSEL0"), (0xC8, "IA32_PMC7"), (0x830, "x2APIC register 0x30"), (0xDA0, "IA32_XSS"),
      (0x4B56_4D01, "MSR_KVM_SYSTEM_TIME_NEW"), (0xC000_0080, "IA32_EFER"),
      (0xC000_0102, "IA32_KERNEL_GS_BASE"),
      (0xC001_0205, "PERF_CTR2"),
    ] as [(UInt32, String)])
  func registersHaveTheirNames(_ number: UInt32, _ name: String) {
    #expect(MSR(rawValue: number).name == name)
  }

  @Test func descriptionsHaveTheNumber() {
    #expect(MSR.lstar.description == "0xc0000082 (IA32_LSTAR)")
    #expect(MSR(rawValue: 0x1234_5678).description == "0x12345678")
  }

  /// Every number of the 32-bit space must be safe to print; try those near where families begin.
  @Test func anyNumberCanBePrinted() {
    for start in [0, 0x400, 0x4000_0000, 0x4B56_4D00, 0xC000_0000, 0xC001_0000, 0xFFFF_F000] as [UInt32] {
      for offset in UInt32(0)..<0x1000 {
        #expect(MSR(rawValue: start + offset).description.hasPrefix("0x"))
      }
    }
  }
}
