/// The flags register (SDM Vol. 1, 3.4.3).
public struct RFLAGS: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// CF: carry.
  @inlinable public static var carry: Self { Self(rawValue: 1 << 0) }
  /// 1: reads as one.
  @inlinable public static var reserved1: Self { Self(rawValue: 1 << 1) }
  /// PF: even parity of the low byte.
  @inlinable public static var parity: Self { Self(rawValue: 1 << 2) }
  /// AF: carry out of bit 3.
  @inlinable public static var adjust: Self { Self(rawValue: 1 << 4) }
  /// ZF: zero.
  @inlinable public static var zero: Self { Self(rawValue: 1 << 6) }
  /// SF: sign.
  @inlinable public static var sign: Self { Self(rawValue: 1 << 7) }
  /// TF: single step.
  @inlinable public static var trap: Self { Self(rawValue: 1 << 8) }
  /// IF: maskable interrupts are taken.
  @inlinable public static var interruptEnable: Self { Self(rawValue: 1 << 9) }
  /// DF: string operations go down.
  @inlinable public static var direction: Self { Self(rawValue: 1 << 10) }
  /// OF: signed overflow.
  @inlinable public static var overflow: Self { Self(rawValue: 1 << 11) }
  /// NT: nested task.
  @inlinable public static var nestedTask: Self { Self(rawValue: 1 << 14) }
  /// RF: instruction breakpoints are ignored once.
  @inlinable public static var resume: Self { Self(rawValue: 1 << 16) }
  /// VM: virtual-8086 mode.
  @inlinable public static var virtual8086: Self { Self(rawValue: 1 << 17) }
  /// AC: alignment checks; with SMAP, user pages are open.
  @inlinable public static var alignmentCheck: Self { Self(rawValue: 1 << 18) }
  /// VIF: virtual IF.
  @inlinable public static var virtualInterrupt: Self { Self(rawValue: 1 << 19) }
  /// VIP: virtual interrupt pending.
  @inlinable public static var virtualInterruptPending: Self { Self(rawValue: 1 << 20) }
  /// ID: CPUID exists.
  @inlinable public static var identification: Self { Self(rawValue: 1 << 21) }

  /// The named bits, in ascending order.
  public static let bitNames: [(bit: Self, name: String)] = [
    (.carry, "CF"),
    (.reserved1, "1"),
    (.parity, "PF"),
    (.adjust, "AF"),
    (.zero, "ZF"),
    (.sign, "SF"),
    (.trap, "TF"),
    (.interruptEnable, "IF"),
    (.direction, "DF"),
    (.overflow, "OF"),
    (.nestedTask, "NT"),
    (.resume, "RF"),
    (.virtual8086, "VM"),
    (.alignmentCheck, "AC"),
    (.virtualInterrupt, "VIF"),
    (.virtualInterruptPending, "VIP"),
    (.identification, "ID"),
  ]

  /// IOPL: the privilege level that may do I/O and change IF, 0…3.
  public var ioPrivilegeLevel: UInt8 {
    get { UInt8(truncatingIfNeeded: rawValue >> 12 & 3) }
    set { rawValue = rawValue & ~0x3000 | UInt64(newValue & 3) << 12 }
  }
}
