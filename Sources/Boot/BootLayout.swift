/// Where things go in the first megabyte.
///
/// ```
/// 0x00000  real-mode interrupt vectors (256 × 4 bytes)
/// 0x00400  BIOS data area
/// 0x00500  global descriptor table                              protected and long mode
/// 0x01000  boot information: protocol structures, memory map,   protected and long mode
///          module list, command lines; 28 KiB
/// 0x07C00  boot sector; its stack grows down from here          real mode, boot sector
/// 0x08000  first stack, 32 KiB: grows down from 0x10000         protected and long mode
/// 0x10000  flat 16-bit image, up to 0x90000                     real mode, flat
///          page tables, up to 0x90000                           long mode
/// 0x90000  stack of a flat 16-bit image that needs its whole    real mode, flat
///          segment: grows down from 0x9FC00
/// 0x9FC00  extended BIOS data area (reserved)
/// 0xA0000  video memory and ROMs (reserved)
/// 0xE0000  ACPI tables, the RSDP first (reserved)               every mode
/// 0xF0000  multiprocessor tables (reserved)                    every mode
/// 0xFD000  the BIOS's parameters (reserved)                     real mode
/// 0xFE000  the BIOS (reserved)                                  real mode
/// 0x100000 other images
/// ```
///
/// A plan claims only what it uses: without page tables, for instance, 0x10000 is free for an ELF
/// segment. The guest may use all of it again once it has read what it needs.
public enum BootLayout {
  /// The global descriptor table.
  public static let descriptorTable: UInt64 = 0x500
  /// The structures of the boot protocol.
  public static let bootInformation: UInt64 = 0x1000
  /// The first address after the structures of the boot protocol.
  public static let bootInformationEnd: UInt64 = 0x8000
  /// The lowest address of the first stack in protected and long mode.
  public static let stack: UInt64 = 0x8000
  /// The first address above that stack: the stack pointer on entry.
  public static let stackEnd: UInt64 = 0x1_0000
  /// The page tables.
  public static let pageTables: UInt64 = 0x1_0000
  /// The first address after the room for page tables.
  public static let pageTablesEnd: UInt64 = 0x9_0000

  /// Where a BIOS loads a boot sector (0000:7C00).
  public static let bootSector: UInt64 = 0x7C00
  /// Where a flat 16-bit image is loaded (1000:0000).
  public static let flat16: UInt64 = 0x1_0000
  /// The first address that a real-mode image may not reach.
  public static let realModeImageEnd: UInt64 = 0x9_0000
  /// The paragraph of the stack of a big flat 16-bit image.
  public static let realModeStackSegment: UInt16 = 0x9000

  /// The end of memory that a PC's BIOS calls conventional: the extended BIOS data area begins.
  public static let lowMemoryEnd: UInt64 = 0x9_FC00
  /// The ACPI tables: at their beginning is the RSDP.
  public static let acpiTables: UInt64 = 0xE_0000
  /// The multiprocessor tables: at their beginning is the floating pointer.
  public static let multiprocessorTables: UInt64 = 0xF_0000
  /// The first address after the vectors and data that a BIOS keeps for itself.
  public static let biosDataEnd: UInt64 = 0x500
  /// What the BIOS is told by us, and then the BIOS itself: it ends at 1 MiB.
  public static let biosParameters: UInt64 = 0xF_D000
  /// The first address above the legacy video and ROM area: 1 MiB.
  public static let highMemoryStart: UInt64 = 0x10_0000
  /// Where flat 32-bit and 64-bit images are loaded.
  public static let flat: UInt64 = highMemoryStart
  /// The I/O APIC, where the reserved range below 4 GiB begins.
  public static let platformStart: UInt64 = 0xFEC0_0000
}
