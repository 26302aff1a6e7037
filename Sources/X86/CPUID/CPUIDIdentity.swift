/// Names and sizes that CPUID reports.
extension CPUIDTable {
  /// The vendor, 12 characters: "GenuineIntel", "AuthenticAMD" (leaf 0). Empty where the leaf is missing.
  ///
  /// Setting it pads or cuts to 12 ASCII characters; it does nothing where the leaf is missing.
  public var vendor: String {
    get {
      guard let leaf = self[0]?.registers else { return "" }
      return Self.text([leaf.ebx, leaf.edx, leaf.ecx])
    }
    set {
      let words = Self.words(newValue, count: 3)
      update(0) { (leaf: inout CPUIDRegisters) in
        leaf.ebx = words[0]
        leaf.edx = words[1]
        leaf.ecx = words[2]
      }
    }
  }

  /// Whether the vendor is AMD or Hygon, whose CPUs follow the AMD manual where the two differ.
  public var isAMDCompatible: Bool { vendor == "AuthenticAMD" || vendor == "HygonGenuine" }

  /// The brand string, up to 48 characters (leaves 0x8000_0002…0x8000_0004). Empty where they are missing.
  ///
  /// Setting it pads with zeros or cuts, and does nothing where a leaf is missing.
  public var brand: String {
    get {
      var words: [UInt32] = []
      for leaf in UInt32(0x8000_0002)...0x8000_0004 {
        guard let registers = self[leaf]?.registers else { return "" }
        words += [registers.eax, registers.ebx, registers.ecx, registers.edx]
      }
      return Self.text(words)
    }
    set {
      let words = Self.words(newValue, count: 12)
      for leaf in 0..<3 where self[0x8000_0004] != nil {
        update(0x8000_0002 + UInt32(leaf)) { (registers: inout CPUIDRegisters) in
          registers.eax = words[leaf * 4]
          registers.ebx = words[leaf * 4 + 1]
          registers.ecx = words[leaf * 4 + 2]
          registers.edx = words[leaf * 4 + 3]
        }
      }
    }
  }

  /// The signature of the hypervisor that a guest finds at leaf 0x4000_0000, such as "KVMKVMKVM", or
  /// nil where the table has no such leaf.
  ///
  /// Setting it pads with zeros or cuts to 12 ASCII characters; it does nothing where the leaf is missing.
  public var hypervisorSignature: String? {
    get { self[0x4000_0000].map { Self.text([$0.registers.ebx, $0.registers.ecx, $0.registers.edx]) } }
    set {
      let words = Self.words(newValue ?? "", count: 3)
      update(0x4000_0000) { (leaf: inout CPUIDRegisters) in
        (leaf.ebx, leaf.ecx, leaf.edx) = (words[0], words[1], words[2])
      }
    }
  }

  /// The signature of KVM's interface to guests: what Linux looks for before it uses kvmclock, hypercalls
  /// and the like (Linux, Documentation/virt/kvm/x86/cpuid.rst).
  public static let kvmSignature = "KVMKVMKVM"

  /// Family, model and stepping as leaf 1 returns them in EAX; 0 where the leaf is missing.
  public var processorSignature: UInt32 { self[1]?.registers.eax ?? 0 }

  /// The width of a physical address in bits: leaf 0x8000_0008, or 36 with PAE, or 32
  /// (SDM Vol. 3A, 4.1.4).
  public var physicalAddressBits: Int {
    if let leaf = self[0x8000_0008]?.registers, leaf.eax & 0xFF != 0 { return Int(leaf.eax & 0xFF) }
    return has(.physicalAddressExtension) ? 36 : 32
  }

  /// The width of a linear address in bits: leaf 0x8000_0008, or 48 with long mode, or 32.
  public var linearAddressBits: Int {
    if let leaf = self[0x8000_0008]?.registers, leaf.eax >> 8 & 0xFF != 0 { return Int(leaf.eax >> 8 & 0xFF) }
    return has(.longMode) ? 48 : 32
  }

  /// Whether the guest may use 1 GiB pages.
  public var hasGigabytePages: Bool { has(.gigabytePages) }

  /// The ASCII text in little-endian words, up to the first NUL; other bytes become "?".
  private static func text(_ words: [UInt32]) -> String {
    var text = ""
    for word in words {
      for shift in [0, 8, 16, 24] as [UInt32] {
        let byte = UInt8(truncatingIfNeeded: word >> shift)
        if byte == 0 { return text }
        text.unicodeScalars.append(0x20..<0x7F ~= byte ? Unicode.Scalar(byte) : "?")
      }
    }
    return text
  }

  /// The UTF-8 bytes of `text` in little-endian words, padded with NUL or cut.
  private static func words(_ text: String, count: Int) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: count)
    for (index, byte) in text.utf8.prefix(count * 4).enumerated() {
      words[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8)
    }
    return words
  }
}
