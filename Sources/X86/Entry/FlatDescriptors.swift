/// Descriptors of flat 4 GiB segments, and ready-made global descriptor tables of them.
///
/// `table` serves 32- and 64-bit entries alike. Code and data are laid out as SYSCALL and SYSRET
/// want them, so that a small guest may use them with STAR = 0x002B_0018_0000_0000
/// (AMD APM Vol. 2, 6.1.1): SYSCALL takes CS 0x18 and SS 0x20, SYSRET CS 0x2B or 0x3B and SS 0x33.
public enum FlatDescriptors {
  /// The descriptor of 32-bit ring-0 code, execute and read, accessed.
  public static let code32: UInt64 = 0x00CF_9B00_0000_FFFF
  /// The descriptor of ring-0 data, read and write, accessed.
  public static let data: UInt64 = 0x00CF_9300_0000_FFFF
  /// The descriptor of 64-bit ring-0 code, execute and read, accessed.
  public static let code64: UInt64 = 0x00AF_9B00_0000_FFFF
  /// The descriptor of 32-bit ring-3 code.
  public static let userCode32: UInt64 = 0x00CF_FB00_0000_FFFF
  /// The descriptor of ring-3 data.
  public static let userData: UInt64 = 0x00CF_F300_0000_FFFF
  /// The descriptor of 64-bit ring-3 code.
  public static let userCode64: UInt64 = 0x00AF_FB00_0000_FFFF

  /// The selector of 32-bit ring-0 code in `table`.
  public static let code32Selector: UInt16 = 0x08
  /// The selector of ring-0 data in `table`.
  public static let dataSelector: UInt16 = 0x10
  /// The selector of 64-bit ring-0 code in `table`.
  public static let code64Selector: UInt16 = 0x18
  /// The selector of ring-0 data as SYSCALL loads it, 8 above 64-bit code.
  public static let syscallDataSelector: UInt16 = 0x20
  /// The selector of 32-bit ring-3 code in `table`, RPL 3 included.
  public static let userCode32Selector: UInt16 = 0x2B
  /// The selector of ring-3 data in `table`, RPL 3 included.
  public static let userDataSelector: UInt16 = 0x33
  /// The selector of 64-bit ring-3 code in `table`, RPL 3 included.
  public static let userCode64Selector: UInt16 = 0x3B

  /// A global descriptor table: null, the ring-0 segments, the ring-3 segments. 64 bytes.
  public static let table: [UInt64] = [
    0, code32, data, code64, data, userCode32, userData, userCode64,
  ]

  /// The selector of code that Linux's 32- and 64-bit boot protocols fix (`__BOOT_CS`).
  public static let linuxCodeSelector: UInt16 = 0x10
  /// The selector of data that Linux's 32- and 64-bit boot protocols fix (`__BOOT_DS`).
  public static let linuxDataSelector: UInt16 = 0x18
  /// A global descriptor table for Linux's 32-bit boot protocol (Linux Documentation/arch/x86/boot.rst).
  public static let linux32Table: [UInt64] = [0, 0, code32, data]
  /// A global descriptor table for Linux's 64-bit boot protocol (Linux Documentation/arch/x86/boot.rst).
  public static let linux64Table: [UInt64] = [0, 0, code64, data]

  /// The register value (GDTR) of one of these tables placed at the linear address `base`.
  public static func register(of table: [UInt64], at base: UInt64) -> DescriptorTable {
    // A table has at most 8192 entries, because a selector's index has 13 bits.
    DescriptorTable(base: base, limit: UInt16(clamping: table.count * 8 - 1))
  }
}
