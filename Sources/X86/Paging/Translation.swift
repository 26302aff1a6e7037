/// Where a linear address leads.
public struct Translation: Sendable, Equatable {
  /// The physical address of the byte asked for.
  public var physicalAddress: UInt64
  /// The size of the page, in bytes: from one multiple of it to the next the addresses run on. 4096
  /// where paging is off.
  public var pageByteCount: UInt64
  /// What all entries together allow. Without no-execute in force every page is executable, and
  /// where paging is off everything is allowed.
  public var permissions: PagePermissions
  /// The entries read, from the top table down. Empty where paging is off.
  public var path: PageTablePath

  /// A translation of these parts.
  @inlinable public init(
    physicalAddress: UInt64, pageByteCount: UInt64, permissions: PagePermissions, path: PageTablePath
  ) {
    self.physicalAddress = physicalAddress
    self.pageByteCount = pageByteCount
    self.permissions = permissions
    self.path = path
  }
}

/// Why a linear address cannot be accessed so.
public struct TranslationFailure: Error, Equatable {
  /// The reasons.
  public enum Reason: Sendable, Equatable {
    /// The address is not canonical: #GP, or #SS for a stack access, and not a page fault.
    case notCanonical
    /// The entry of this level is not present.
    case notPresent(level: Int)
    /// These bits of the entry of this level must be zero and are not.
    case reservedBits(level: Int, bits: UInt64)
    /// The entry of this level would lie at a physical address where there is no memory.
    case tableOutsideMemory(level: Int, address: UInt64)
    /// A write to a page that is read-only.
    case notWritable
    /// An instruction fetch from a page that is no-execute.
    case noExecute
    /// A user-mode access to a supervisor page.
    case supervisorOnly
    /// SMEP: a supervisor-mode instruction fetch from a user page.
    case supervisorExecution
    /// SMAP: a supervisor-mode access to a user page.
    case supervisorAccess
    /// A protection key forbids the access.
    case protectionKey(UInt8)
  }

  /// The address.
  public var linearAddress: UInt64
  /// The access.
  public var access: MemoryAccess
  /// What went wrong.
  public var reason: Reason
  /// What the CPU would push with #PF, or nil for `notCanonical`.
  ///
  /// A table outside of memory counts as an entry that is not present, as in KVM; on a real machine
  /// it depends on what the bus returns.
  public var errorCode: PageFaultErrorCode?
  /// The entries read, from the top table down; the last one is to blame, unless the table was
  /// outside of memory.
  public var path: PageTablePath

  /// A failure of these parts.
  @inlinable public init(
    linearAddress: UInt64, access: MemoryAccess, reason: Reason, errorCode: PageFaultErrorCode?,
    path: PageTablePath
  ) {
    self.linearAddress = linearAddress
    self.access = access
    self.reason = reason
    self.errorCode = errorCode
    self.path = path
  }
}

extension TranslationFailure: CustomStringConvertible {
  /// The failure as a sentence.
  public var description: String {
    let what = "The \(access.privilege.rawValue) \(access.kind.rawValue) at \(hex(linearAddress)) fails: "
    func name(_ level: Int) -> String { PageTableVisit.name(ofLevel: level) }
    let why =
      switch reason {
      case .notCanonical: "the address is not canonical"
      case .notPresent(let level): "the \(name(level)) is not present"
      case .reservedBits(let level, let bits): "the \(name(level)) has reserved bits set (\(hex(bits)))"
      case .tableOutsideMemory(let level, let address):
        "there is no memory at \(hex(address)), where the \(name(level)) should be"
      case .notWritable: "the page is read-only"
      case .noExecute: "the page is no-execute"
      case .supervisorOnly: "the page is for the supervisor only"
      case .supervisorExecution: "the page is a user page (SMEP)"
      case .supervisorAccess: "the page is a user page (SMAP)"
      case .protectionKey(let key): "protection key \(key) forbids it"
      }
    return what + why + "."
  }
}
