/// The error code of #PF (SDM Vol. 3A, figure 4-12; AMD APM Vol. 2, 8.4.2).
public struct PageFaultErrorCode: NamedBits, Equatable {
  /// The code; the CPU pushes it zero-extended.
  public var rawValue: UInt64

  /// The error code with this value.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// P: the page was present and the access not allowed. Clear: some entry was not present.
  @inlinable public static var protectionViolation: Self { Self(rawValue: 1 << 0) }
  /// W/R: the access was a write.
  @inlinable public static var write: Self { Self(rawValue: 1 << 1) }
  /// U/S: the access was a user-mode one.
  @inlinable public static var user: Self { Self(rawValue: 1 << 2) }
  /// RSVD: a reserved bit of an entry was set.
  @inlinable public static var reservedBit: Self { Self(rawValue: 1 << 3) }
  /// I/D: the access was an instruction fetch. Only with no-execute or SMEP in force.
  @inlinable public static var instructionFetch: Self { Self(rawValue: 1 << 4) }
  /// PK: a protection key forbids it.
  @inlinable public static var protectionKey: Self { Self(rawValue: 1 << 5) }
  /// SS: the access was to a shadow stack.
  @inlinable public static var shadowStack: Self { Self(rawValue: 1 << 6) }
  /// SGX: the enclave page cache forbids it.
  @inlinable public static var enclave: Self { Self(rawValue: 1 << 15) }
  /// RMP: the reverse-map table of SEV-SNP forbids it.
  @inlinable public static var reverseMap: Self { Self(rawValue: 1 << 31) }

  /// The named bits, in ascending order.
  public static let bitNames: [(bit: Self, name: String)] = [
    (.protectionViolation, "P"),
    (.write, "W"),
    (.user, "U"),
    (.reservedBit, "RSVD"),
    (.instructionFetch, "I"),
    (.protectionKey, "PK"),
    (.shadowStack, "SS"),
    (.enclave, "SGX"),
    (.reverseMap, "RMP"),
  ]
}

extension PageFaultErrorCode: CustomStringConvertible {
  /// The value, and what it says: "0x7 (user write, protection violation)".
  public var description: String {
    let access = contains(.instructionFetch) ? "instruction fetch" : contains(.write) ? "write" : "read"
    let cause =
      contains(.reservedBit)
      ? "reserved bit set" : contains(.protectionViolation) ? "protection violation" : "page not present"
    var text = "\(hex(rawValue)) (\(contains(.user) ? "user" : "supervisor") \(access), \(cause)"
    let plain: Self = [.protectionViolation, .write, .user, .reservedBit, .instructionFetch]
    let rest = subtracting(plain).setBitNames
    if !rest.isEmpty { text += ", " + rest.joined(separator: " ") }
    return text + ")"
  }
}

/// The error code of the exceptions that name a segment or gate (SDM Vol. 3A, figure 6-7).
public struct SelectorErrorCode: RawRepresentable, Sendable, Hashable {
  /// The code; its low 16 bits count.
  public var rawValue: UInt32

  /// The error code with this value.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The error code for a selector, whose RPL bits are dropped.
  @inlinable public init(selector: UInt16, isExternal: Bool = false) {
    rawValue = UInt32(selector & 0xFFFC) | (isExternal ? 1 : 0)
  }

  /// The error code for gate number `vector` of the IDT.
  @inlinable public init(interruptVector vector: UInt8, isExternal: Bool = false) {
    rawValue = UInt32(vector) << 3 | 2 | (isExternal ? 1 : 0)
  }

  /// A descriptor table.
  public enum Table: String, Sendable {
    /// The global descriptor table.
    case global = "GDT"
    /// The local descriptor table.
    case local = "LDT"
    /// The interrupt descriptor table.
    case interrupt = "IDT"
  }

  /// EXT: an event outside the program caused it.
  @inlinable public var isExternal: Bool { rawValue & 1 != 0 }
  /// The table that the index counts in: the IDT bit, then the TI bit.
  @inlinable public var table: Table {
    if rawValue & 2 != 0 { return .interrupt }
    return rawValue & 4 != 0 ? .local : .global
  }
  /// The number of the descriptor in its table, 0…8191; in the IDT it is the vector.
  @inlinable public var index: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 3 & 0x1FFF) }
}

extension SelectorErrorCode: CustomStringConvertible {
  /// The value, and what it says: "0x10 (GDT entry 2, selector 0x10)".
  public var description: String {
    let external = isExternal ? ", external event" : ""
    switch table {
    case .global where index == 0: return "\(hex(rawValue)) (no selector\(external))"
    case .interrupt: return "\(hex(rawValue)) (IDT entry \(index)\(external))"
    case .global, .local:
      return
        "\(hex(rawValue)) (\(table.rawValue) entry \(index), selector \(hex(rawValue & 0xFFFC))\(external))"
    }
  }
}
