/// The flags register (SDM Vol. 1, 3.4.3).
public struct RFLAGS: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// CF: carry.
  public static let carry = Self(rawValue: 1 << 0)
  /// 1: reads as one.
  public static let reserved1 = Self(rawValue: 1 << 1)
  /// PF: even parity of the low byte.
  public static let parity = Self(rawValue: 1 << 2)
  /// AF: carry out of bit 3.
  public static let adjust = Self(rawValue: 1 << 4)
  /// ZF: zero.
  public static let zero = Self(rawValue: 1 << 6)
  /// SF: sign.
  public static let sign = Self(rawValue: 1 << 7)
  /// TF: single step.
  public static let trap = Self(rawValue: 1 << 8)
  /// IF: maskable interrupts are taken.
  public static let interruptEnable = Self(rawValue: 1 << 9)
  /// DF: string operations go down.
  public static let direction = Self(rawValue: 1 << 10)
  /// OF: signed overflow.
  public static let overflow = Self(rawValue: 1 << 11)
  /// NT: nested task.
  public static let nestedTask = Self(rawValue: 1 << 14)
  /// RF: instruction breakpoints are ignored once.
  public static let resume = Self(rawValue: 1 << 16)
  /// VM: virtual-8086 mode.
  public static let virtual8086 = Self(rawValue: 1 << 17)
  /// AC: alignment checks; with SMAP, user pages are open.
  public static let alignmentCheck = Self(rawValue: 1 << 18)
  /// VIF: virtual IF.
  public static let virtualInterrupt = Self(rawValue: 1 << 19)
  /// VIP: virtual interrupt pending.
  public static let virtualInterruptPending = Self(rawValue: 1 << 20)
  /// ID: CPUID exists.
  public static let identification = Self(rawValue: 1 << 21)

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
