import CLinux
internal import Host

/// One contiguous range of guest-physical memory and the host memory behind it. It becomes one
/// memory slot of the engine.
@safe
public final class MemoryRegion: @unchecked Sendable {
  // @unchecked: the properties never change; the bytes behind `hostBase` are shared with a running
  // guest by nature, and every access to them goes through `GuestMemory`.

  /// The first guest-physical address.
  public let base: GuestAddress
  /// The length, in bytes: a multiple of 4096.
  public let byteCount: UInt64
  /// The guest cannot write to it (ROM).
  public let isReadOnly: Bool

  private let mapping: Mapping

  /// The first byte in this process.
  @unsafe public var hostBase: UnsafeMutableRawPointer { unsafe mapping.base }

  /// What the host uses to back guest memory.
  public enum Backing: Sendable, Equatable {
    /// Private anonymous pages.
    case anonymous
    /// A memfd, which another process can map too.
    case memfd
  }

  /// Makes a region. Pages take host memory only once they are touched.
  ///
  /// - Parameter hugePages: asks for transparent huge pages (madvise MADV_HUGEPAGE).
  /// - Throws: `GuestMemoryError.misaligned` or `.hostRefused`.
  public init(
    base: GuestAddress, byteCount: UInt64, isReadOnly: Bool = false, backing: Backing = .anonymous,
    hugePages: Bool = false
  ) throws(GuestMemoryError) {
    guard byteCount > 0, byteCount % 4096 == 0, base.rawValue % 4096 == 0 else {
      throw .misaligned(base, byteCount: byteCount)
    }
    guard base.advanced(by: byteCount) != nil, let size = Int(exactly: byteCount) else {
      throw .outOfBounds(base, byteCount: byteCount)
    }
    self.base = base
    self.byteCount = byteCount
    self.isReadOnly = isReadOnly
    do throws(SystemError) {
      switch backing {
      case .anonymous:
        mapping = try Mapping(byteCount: size, source: .anonymous(isReserved: false), purpose: "guest memory")
      case .memfd:
        let descriptor = unsafe memfd_create("swiftvm-ram", UInt32(MFD_CLOEXEC))
        guard descriptor >= 0 else { throw .last("memfd_create") }
        let file = OwnedDescriptor(takingOver: descriptor)
        guard ftruncate(file.rawValue, size) == 0 else { throw .last("ftruncate the memfd to \(size) bytes") }
        mapping = try Mapping(
          byteCount: size, source: .shared(descriptor: file.rawValue), purpose: "guest memory")
      }
    } catch {
      throw .hostRefused(error.description)
    }
    if hugePages { mapping.advise(MADV_HUGEPAGE) }
  }

  /// Has the host make the pages that `byteCount` bytes at `address` touch ready to be written to.
  ///
  /// - Parameter address: in this region, and so are all of the bytes.
  /// - Returns: whether the host did.
  func populate(_ address: GuestAddress, byteCount count: UInt64) -> Bool {
    guard contains(address, byteCount: count) else { return false }
    // Fits: the region's length is an Int.
    let start = Int(address.rawValue - base.rawValue)
    return mapping.populate(start..<start + Int(count))
  }

  /// Whether the `byteCount` bytes at `address` lie in this region.
  @inline(__always)
  func contains(_ address: GuestAddress, byteCount count: UInt64) -> Bool {
    // Subtractions cannot wrap: each is guarded by the comparison before it.
    address >= base && count <= self.byteCount && address.rawValue - base.rawValue <= self.byteCount - count
  }
}
