import Testing
import X86

@Suite struct CPUIDTableTests {
  static func entry(_ leaf: UInt32, _ registers: CPUIDRegisters) -> CPUIDEntry {
    CPUIDEntry(leaf: leaf, registers: registers)
  }

  static func entry(_ leaf: UInt32, _ subleaf: UInt32, _ registers: CPUIDRegisters) -> CPUIDEntry {
    CPUIDEntry(leaf: leaf, subleaf: subleaf, isSubleafSignificant: true, registers: registers)
  }

  /// A small table in no order: vendor, features, XSAVE of a CPU with AVX and protection keys.
  static let table = CPUIDTable([
    entry(0x8000_0008, CPUIDRegisters(eax: 0x3927)),
    entry(0xD, 9, CPUIDRegisters(eax: 8, ebx: 2688)),
    entry(0xD, 0, CPUIDRegisters(eax: 0x207, ebx: 576, ecx: 2696)),
    entry(0xD, 2, CPUIDRegisters(eax: 256, ebx: 576)),
    entry(0x7, 0, CPUIDRegisters(ecx: 1 << 3)),
    entry(0x1, CPUIDRegisters(eax: 0x506E3, ebx: 0x800, ecx: 1 << 26, edx: 1 << 9)),
    entry(0x0, CPUIDRegisters(eax: 0xD, ebx: 0x756E_6547, ecx: 0x6C65_746E, edx: 0x4965_6E69)),
    entry(0xB, 0, CPUIDRegisters(ebx: 1, ecx: 0x100, edx: 5)),
    entry(0x8000_0000, CPUIDRegisters(eax: 0x8000_0008)),
    entry(0x4000_0000, CPUIDRegisters(eax: 0x4000_0001, ebx: 0x4B4D_564B, ecx: 0x564B_4D56, edx: 0x4D)),
  ])

  @Test func entriesAreSortedAndUnique() {
    var table = Self.table
    #expect(
      table.entries.map(\.leaf) == [0, 1, 7, 0xB, 0xD, 0xD, 0xD, 0x4000_0000, 0x8000_0000, 0x8000_0008])
    #expect(table.entries.filter { $0.leaf == 0xD }.map(\.subleaf) == [0, 2, 9])
    table.set(Self.entry(0xD, 2, CPUIDRegisters(eax: 1)))
    #expect(table.entries.count == 10 && table[0xD, 2]?.registers.eax == 1)
    table.remove(leaf: 0xD)
    #expect(table.entries.count == 7 && table[0xD, 0] == nil)
  }

  @Test func subleavesCountOnlyWhereTheyAreSignificant() {
    #expect(Self.table[1, 77]?.leaf == 1)
    #expect(Self.table[0xD, 1] == nil)
    #expect(Self.table[0xD, 9]?.registers.ebx == 2688)
    #expect(Self.table[2] == nil)
  }

  @Test func featuresCanBeSetAndHidden() {
    var table = Self.table
    #expect(table.has(.xsave) && !table.has(.x2APIC))
    #expect(table.set(.x2APIC, to: true) && table.has(.x2APIC))
    #expect(table[1]?.registers.ecx == 1 << 26 | 1 << 21)
    #expect(table.set(.xsave, to: false) && !table.has(.xsave))
    // The leaf is missing: nothing to set it in.
    #expect(!table.set(.longMode, to: true) && !table.has(.longMode))
  }

  @Test func identity() {
    var table = Self.table
    #expect(table.vendor == "GenuineIntel" && !table.isAMDCompatible)
    table.vendor = "AuthenticAMD"
    // The register values are from the AMD manual: "Auth", "enti", "cAMD".
    #expect(
      table[0]?.registers == CPUIDRegisters(eax: 0xD, ebx: 0x6874_7541, ecx: 0x444D_4163, edx: 0x6974_6E65))
    #expect(table.isAMDCompatible)
    #expect(table.hypervisorSignature == "KVMKVMKVM")
    #expect(table.processorSignature == 0x506E3)
    #expect(table.physicalAddressBits == 39 && table.linearAddressBits == 57)
    #expect(CPUIDTable().vendor == "" && CPUIDTable().physicalAddressBits == 32)
  }

  @Test func brand() {
    var table = Self.table
    #expect(table.brand == "")
    table.brand = "x"
    #expect(table == Self.table)
    for leaf in UInt32(0x8000_0002)...0x8000_0004 { table.set(Self.entry(leaf, CPUIDRegisters(eax: 0x80))) }
    #expect(table.brand == "?")
    table.brand = "SwiftVM virtual processor"
    #expect(table.brand == "SwiftVM virtual processor")
    #expect(table[0x8000_0002]?.registers.eax == 0x6669_7753)
    table.brand = String(repeating: "é", count: 60)
    #expect(table.brand == String(repeating: "?", count: 48))
  }

  @Test func extendedStateLayout() {
    #expect(Self.table.supportedXCR0 == [.x87, .sse, .avx, .pkru])
    #expect(Self.table.extendedStateByteCount(for: [.x87, .sse]) == 576)
    #expect(Self.table.extendedStateByteCount(for: [.x87, .sse, .avx]) == 832)
    // As leaf 0xD says itself in ECX.
    #expect(Self.table.extendedStateMaximumByteCount == 2696)
    #expect(Self.table.extendedStateByteCount(for: XCR0(rawValue: .max)) == 2696)
    #expect(Self.table.extendedStateComponent(1) == nil && Self.table.extendedStateComponent(63) == nil)
    #expect(CPUIDTable().supportedXCR0 == .x87)
    var odd = Self.table
    odd.set(Self.entry(0xD, 5, CPUIDRegisters(eax: .max, ebx: .max)))
    #expect(odd.extendedStateByteCount(for: .opmask) == 2 * Int(UInt32.max))
  }

  @Test func leavesBeyondTheHighest() {
    // Intel: the highest basic leaf, here 0xD, with the same subleaf.
    #expect(Self.table.result(leaf: 0x14, subleaf: 2) == CPUIDRegisters(eax: 256, ebx: 576))
    #expect(Self.table.result(leaf: 0x8000_0009, subleaf: 2).eax == 256)
    #expect(Self.table.result(leaf: 0x4000_0100, subleaf: 2).eax == 256)
    #expect(Self.table.result(leaf: .max, subleaf: 77) == CPUIDRegisters())
    // In range but missing.
    #expect(Self.table.result(leaf: 0x2, subleaf: 0) == CPUIDRegisters())
    #expect(Self.table.result(leaf: 0x4000_0001, subleaf: 2) == CPUIDRegisters())
    // The end of the topology.
    #expect(Self.table.result(leaf: 0xB, subleaf: 0x103) == CPUIDRegisters(ecx: 3, edx: 5))
    var amd = Self.table
    amd.vendor = "AuthenticAMD"
    #expect(amd.result(leaf: 0x14, subleaf: 2) == CPUIDRegisters())
    #expect(CPUIDTable().result(leaf: 0, subleaf: 0) == CPUIDRegisters())
  }

  @Test func bitsThatFollowOtherRegisters() {
    var state = CPUState.resetVector()
    #expect(Self.table.result(leaf: 1, subleaf: 0, in: state).ecx == 1 << 26)
    #expect(Self.table.result(leaf: 1, subleaf: 0, in: state).edx == 1 << 9)
    #expect(Self.table.result(leaf: 7, subleaf: 0, in: state).ecx == 1 << 3)
    state.cr4 = [.osXSAVE, .protectionKeys]
    state.apicBase = 0
    state.xcr0 = [.x87, .sse, .avx]
    #expect(Self.table.result(leaf: 1, subleaf: 9, in: state).ecx == 1 << 26 | 1 << 27)
    #expect(Self.table.result(leaf: 1, subleaf: 0, in: state).edx == 0)
    #expect(Self.table.result(leaf: 7, subleaf: 0, in: state).ecx == 1 << 3 | 1 << 4)
    #expect(Self.table.result(leaf: 7, subleaf: 1, in: state) == CPUIDRegisters())
    #expect(Self.table.result(leaf: 0xD, subleaf: 0, in: state).ebx == 832)
  }

  /// Four processors as Intel and AMD describe them.
  @Test func topology() {
    var table = Self.table
    table.set(Self.entry(4, 0, CPUIDRegisters(eax: 0x1C00_4121)))
    table.set(Self.entry(4, 3, CPUIDRegisters(eax: 0x1C03_C163)))
    table.set(Self.entry(4, 4, CPUIDRegisters()))
    let third = table.describing(apicID: 2, of: 4)
    #expect(third[1]?.registers.ebx == 0x0204_0800)
    #expect(third.has(.hyperThreading))
    #expect(third[0xB, 0]?.registers == CPUIDRegisters(eax: 0, ebx: 1, ecx: 0x100, edx: 2))
    #expect(third[0xB, 1]?.registers == CPUIDRegisters(eax: 2, ebx: 4, ecx: 0x201, edx: 2))
    #expect(third[0xB, 2]?.registers == CPUIDRegisters(ecx: 2, edx: 2))
    // First level: one processor, package of four cores. Third level: shared by four.
    #expect(third[4, 0]?.registers.eax == 0x0C00_0121)
    #expect(third[4, 3]?.registers.eax == 0x0C00_C163)
    #expect(third[4, 4]?.registers.eax == 0)

    let alone = table.describing(apicID: 0, of: 1)
    #expect(alone[1]?.registers.ebx == 0x0001_0800 && !alone.has(.hyperThreading))
    #expect(alone[0xB, 1]?.registers.eax == 0)
    // Three processors need two bits of the APIC ID.
    #expect(table.describing(apicID: 0, of: 3)[0xB, 1]?.registers.eax == 2)
    #expect(table.describing(apicID: .max, of: .max)[1]?.registers.ebx == 0xFFFF_0800)
    #expect(table.describing(apicID: 0, of: -1)[0xB, 1]?.registers.ebx == 1)

    table.vendor = "AuthenticAMD"
    #expect(table.describing(apicID: 2, of: 4)[0x8000_0008]?.registers.ecx == 0x2003)
  }

  @Test func describesAnEntry() {
    #expect(
      "\(Self.entry(0xD, 2, CPUIDRegisters(eax: 256, ebx: 576)))"
        == "0x0000000d.2: eax 0x00000100 ebx 0x00000240 ecx 0x00000000 edx 0x00000000")
  }
}
