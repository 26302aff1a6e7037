/// The processor topology that CPUID reports: one package, one thread for each core.
extension CPUIDTable {
  /// The table as one of the machine's processors reports it.
  ///
  /// Local APIC IDs are taken to be 0, 1, 2 … Leaves that the table lacks are not added.
  ///
  /// - Parameters:
  ///   - apicID: the local APIC ID of this processor.
  ///   - processorCount: how many processors the machine has, at least 1.
  public func describing(apicID: UInt32, of processorCount: Int) -> CPUIDTable {
    var table = self
    let count = UInt32(clamping: max(processorCount, 1))
    // The bits of an APIC ID that tell the cores of a package apart.
    let coreBits = UInt32(32 - (count - 1).leadingZeroBitCount)

    table.update(1) { leaf in
      leaf.ebx = leaf.ebx & 0xFFFF | apicID << 24 | min(1 << min(coreBits, 8), 255) << 16
    }
    table.set(.hyperThreading, to: count > 1)
    table.describeCaches(count, coreBits)
    for leaf in [0xB, 0x1F] as [UInt32] where self[leaf, 0] != nil {
      table.remove(leaf: leaf)
      func set(_ level: UInt32, _ registers: CPUIDRegisters) {
        table.set(CPUIDEntry(leaf: leaf, subleaf: level, isSubleafSignificant: true, registers: registers))
      }
      // ECX: the level's number, and its type: 1 thread, 2 core, 0 the end (SDM Vol. 2A, CPUID leaf 0xB).
      set(0, CPUIDRegisters(eax: 0, ebx: 1, ecx: 0x100, edx: apicID))
      set(1, CPUIDRegisters(eax: coreBits, ebx: min(count, 0xFFFF), ecx: 0x201, edx: apicID))
      set(2, CPUIDRegisters(eax: 0, ebx: 0, ecx: 2, edx: apicID))
    }
    if isAMDCompatible {
      table.set(.coreMultiprocessingLegacy, to: count > 1)
      table.update(0x8000_0008) { leaf in
        leaf.ecx = leaf.ecx & 0xFFFF_0F00 | min(coreBits, 15) << 12 | min(count - 1, 255)
      }
      table.update(0x8000_001E) { leaf in
        leaf = CPUIDRegisters(eax: apicID, ebx: apicID & 0xFF, ecx: 0, edx: leaf.edx)
      }
    }
    return table
  }

  /// Cores in the package, and how many processors share each cache: first- and second-level caches
  /// are a core's own, later ones the package's. Intel counts APIC IDs, a power of two (SDM Vol. 2A,
  /// CPUID leaf 4); AMD counts processors (AMD APM Vol. 3, leaf 0x8000_001D).
  private mutating func describeCaches(_ count: UInt32, _ coreBits: UInt32) {
    let identifiers = 1 << min(coreBits, 12) as UInt32
    for entry in entries where entry.leaf == 4 || entry.leaf == 0x8000_001D {
      guard entry.registers.eax & 0x1F != 0 else { continue }
      update(entry.leaf, entry.subleaf) { registers in
        let sharing = entry.leaf == 4 ? identifiers : min(count, 4096)
        let isShared = registers.eax >> 5 & 7 >= 3
        registers.eax = registers.eax & 0x3FFF | (isShared ? sharing - 1 : 0) << 14
        if entry.leaf == 4 { registers.eax |= (min(identifiers, 64) - 1) << 26 }
      }
    }
  }
}
