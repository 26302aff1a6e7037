public import X86

/// What CPUID tells a guest: what an engine offers, after the rules of `CPUIDFeatureRule` and
/// `CPUIDLeafRule`.
public enum CPUIDPolicy {
  /// The table of the machine's CPU; `CPUIDTable.describing(apicID:of:)` makes each vCPU's of it.
  ///
  /// - Parameter offer: what the engine can do: for KVM what it supports on this host.
  public static func table(from offer: CPUIDTable, _ circumstances: PolicyCircumstances) -> CPUIDTable {
    var table = CPUIDTable()
    for entry in offer.entries {
      guard let kept = kept(entry, circumstances), isWanted(kept, isAMD: offer.isAMDCompatible) else {
        continue
      }
      table.set(kept)
    }
    invent(&table, circumstances)
    repeatForAMD(&table)
    limitExtendedState(&table)
    limitLeaves(&table)
    return table
  }

  // MARK: What is passed

  /// What is left of an entry; nil where nothing is.
  private static func kept(_ entry: CPUIDEntry, _ circumstances: PolicyCircumstances) -> CPUIDEntry? {
    guard let rule = CPUIDLeafRule.of(entry.leaf), rule.verdict != .hidden else { return nil }
    var kept = entry
    kept.registers = CPUIDRegisters()
    for register in [CPUIDRegister.eax, .ebx, .ecx, .edx] {
      if let features = FeatureWord.of(entry.leaf, entry.subleaf, register) {
        let mask =
          circumstances.losesKernelAPIC ? features.passed & ~features.kernelAPIC : features.passed
        kept.registers[register] = entry.registers[register] & mask
      } else if rule.whole.contains(register) || rule.verdict == .invented {
        kept.registers[register] = entry.registers[register]
      }
    }
    if entry.leaf == 7, entry.subleaf == 0 { kept.registers.eax = min(kept.registers.eax, 2) }
    return kept
  }

  /// Whether an entry must be there: it says something, or what is invented has its place there.
  private static func isWanted(_ entry: CPUIDEntry, isAMD: Bool) -> Bool {
    switch entry.leaf {
    case 0, 1, 0x4000_0000, 0x4000_0001, 0x8000_0000, 0x8000_0001: true
    case 0x8000_001E: isAMD
    // The last part of the brand string is often empty.
    case 0x8000_0002...0x8000_0004: true
    default: entry.registers != CPUIDRegisters() || CPUIDLeafRule.of(entry.leaf)?.verdict == .invented
    }
  }

  // MARK: What is invented

  private static func invent(_ table: inout CPUIDTable, _ circumstances: PolicyCircumstances) {
    table.set(.hypervisor, to: true)
    table.set(.x2APIC, to: circumstances.hasX2APIC)
    table.set(.timeStampDeadline, to: circumstances.hasDeadlineTimer)
    // The numbers are each vCPU's own; the leaf must be there to be filled in.
    if table[0xB, 0] != nil {
      table.remove(leaf: 0xB)
      table.set(CPUIDEntry(leaf: 0xB, isSubleafSignificant: true, registers: CPUIDRegisters()))
    }
    let frequency = circumstances.timeStampFrequency
    if frequency != 0 {
      let (ratio, speed) = (table[0x15], table[0x16])
      table.setTimeStampFrequency(frequency, crystal: PolicyCircumstances.localAPICFrequency)
      // AMD has no such leaves; what the software engine says there all the same stays.
      if table.isAMDCompatible, circumstances.engine == .kvm {
        for (leaf, old) in [(0x15, ratio), (0x16, speed)] as [(UInt32, CPUIDEntry?)] {
          table.remove(leaf: leaf)
          if let old { table.set(old) }
        }
      }
      if table[0x4000_0000] == nil { table.remove(leaf: 0x4000_0010) }
    }
  }

  /// AMD repeats features of leaf 1 in leaf 0x8000_0001 (AMD APM Vol. 3, E.4.2).
  private static func repeatForAMD(_ table: inout CPUIDTable) {
    guard table.isAMDCompatible, let leaf1 = table[1]?.registers else { return }
    table.update(0x8000_0001) { $0.edx |= leaf1.edx & 0x0183_F3FF }
  }

  // MARK: Sizes

  /// The registers that XSAVE may save: x87, SSE, AVX, AVX-512 and protection keys.
  private static let extendedState: UInt32 = 0b10_1110_0111

  private static func limitExtendedState(_ table: inout CPUIDTable) {
    guard let leaf = table[0xD, 0]?.registers else { return }
    let components = leaf.eax & extendedState
    for entry in table.entries where entry.leaf == 0xD && entry.subleaf > 1 {
      if entry.subleaf < 32, components >> entry.subleaf & 1 != 0 { continue }
      table.remove(leaf: 0xD, subleaf: entry.subleaf)
    }
    table.update(0xD, 0) { $0 = CPUIDRegisters(eax: components, ebx: $0.ebx) }
    let size = table.extendedStateMaximumByteCount
    table.update(0xD, 0) { $0.ecx = UInt32(clamping: size) }
    // ECX and EDX: what XSAVES alone saves. There is no such register here.
    table.update(0xD, 1) { (leaf: inout CPUIDRegisters) in (leaf.ecx, leaf.edx) = (0, 0) }
  }

  /// The highest leaf of each range is the highest that says something.
  private static func limitLeaves(_ table: inout CPUIDTable) {
    for base in [0, 0x4000_0000, 0x8000_0000] as [UInt32] where table[base] != nil {
      let highest = table.entries.last { entry in
        entry.leaf & 0xC000_0000 == base
          && (entry.registers != CPUIDRegisters() || CPUIDLeafRule.of(entry.leaf)?.verdict == .invented)
      }
      table.update(base) { $0.eax = highest?.leaf ?? base }
    }
  }
}
