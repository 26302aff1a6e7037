/// An access to a linear address, as far as paging cares (SDM Vol. 3A, 4.6).
public struct MemoryAccess: Sendable, Hashable {
  /// What is done.
  public enum Kind: String, Sendable {
    /// Data is read.
    case read
    /// Data is written, or read and written.
    case write
    /// An instruction is fetched.
    case execute
  }

  /// On whose behalf.
  public enum Privilege: String, Sendable {
    /// By an instruction at CPL 3.
    case user
    /// By an instruction at CPL 0, 1 or 2.
    case supervisor
    /// By the CPU itself at any CPL: a descriptor table, a TSS, a stack it switches to. RFLAGS.AC does
    /// not lift SMAP for it.
    case implicitSupervisor = "implicit supervisor"
    /// By nobody inside the guest: permissions do not count, only where the address leads.
    case debugger
  }

  /// What is done.
  public var kind: Kind
  /// On whose behalf.
  public var privilege: Privilege

  /// An access.
  @inlinable public init(_ kind: Kind, _ privilege: Privilege) {
    self.kind = kind
    self.privilege = privilege
  }

  /// A look from outside, for a debugger or a crash report.
  @inlinable public static var inspection: MemoryAccess { MemoryAccess(.read, .debugger) }
}
