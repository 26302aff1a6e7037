/// The CPUID instruction, carried out on a table.
extension CPUIDTable {
  /// What CPUID returns to a program, the table alone considered.
  ///
  /// A leaf that is in range but missing returns zeros. Beyond the highest leaf of its range, an Intel
  /// CPU returns the highest basic leaf and an AMD CPU zeros (SDM Vol. 2A, CPUID; AMD APM Vol. 3,
  /// CPUID).
  public func result(leaf: UInt32, subleaf: UInt32) -> CPUIDRegisters {
    if let entry = self[leaf, subleaf] { return entry.registers }
    // Past the last level of the topology, the level number and the APIC ID are still returned.
    if leaf == 0xB || leaf == 0x1F, let first = self[leaf, 0] {
      return CPUIDRegisters(ecx: subleaf & 0xFF, edx: first.registers.edx)
    }
    guard !isAMDCompatible, !isInRange(leaf), let highest = self[0]?.registers.eax else {
      return CPUIDRegisters()
    }
    return self[highest, subleaf]?.registers ?? CPUIDRegisters()
  }

  /// What CPUID returns to a program on a CPU in `state`: as above, with the bits that follow other
  /// registers (OSXSAVE, OSPKE, APIC, and the size of the enabled XSAVE area).
  public func result(leaf: UInt32, subleaf: UInt32, in state: CPUState) -> CPUIDRegisters {
    var result = result(leaf: leaf, subleaf: subleaf)
    func follow(_ feature: CPUIDFeature, _ isOn: Bool) {
      guard feature.leaf == leaf, feature.subleaf == subleaf || self[leaf]?.isSubleafSignificant == false
      else {
        return
      }
      if isOn { result[feature.register] |= feature.mask } else { result[feature.register] &= ~feature.mask }
    }
    follow(.osXSAVE, has(.xsave) && state.cr4.contains(.osXSAVE))
    follow(.osProtectionKeys, has(.protectionKeys) && state.cr4.contains(.protectionKeys))
    follow(.localAPIC, has(.localAPIC) && state.apicBase & LocalAPICBase.enable != 0)
    if leaf == 0xD, subleaf == 0, self[0xD, 0] != nil {
      result.ebx = UInt32(clamping: extendedStateByteCount(for: state.xcr0))
    }
    return result
  }

  /// Whether a leaf is not beyond the highest of its range: basic, hypervisor, extended, Centaur.
  private func isInRange(_ leaf: UInt32) -> Bool {
    let base: UInt32 =
      switch leaf {
      // Hypervisors may have several signatures, 0x100 leaves apart.
      case 0x4000_0000...0x4FFF_FFFF: leaf & 0xFFFF_FF00
      case 0x8000_0000...0x8FFF_FFFF: 0x8000_0000
      case 0xC000_0000...0xCFFF_FFFF: 0xC000_0000
      default: 0
      }
    guard let highest = self[base]?.registers.eax else { return false }
    return leaf <= highest
  }
}
