import GuestMemory

/// A module and where it goes.
struct PlacedModule {
  /// The first address: a multiple of 4096.
  let address: UInt64
  /// The length, in bytes.
  let byteCount: UInt64
  /// What the guest is told about it: its command line, or its name.
  let text: String
}

extension Planner {
  /// Where modules go.
  enum ModulePlacement {
    /// As high as possible below 4 GiB, out of the way of a kernel that grows upward.
    case highest
    /// Right after the image: what kernels that map little of memory at first rely on.
    case afterImage
  }

  /// Takes a place for each module.
  ///
  /// - Throws: `BootError.empty`, or `.noRoom`.
  mutating func claimModules(_ placement: ModulePlacement) throws(BootError) -> [PlacedModule] {
    var placed: [PlacedModule] = []
    for module in request.modules {
      let count = module.source.byteCount
      guard count > 0 else { throw .empty(image: module.source.name) }
      let name = "module \(module.source.name)"
      let address =
        switch placement {
        case .highest: highestFree(byteCount: count)
        case .afterImage: lowestFree(byteCount: count, from: endOfImage)
        }
      guard let address else {
        throw .noRoom(what: name, byteCount: count, advice: Self.moreMemory)
      }
      try claim(.whole(module.source, kind: .module, name: name, at: address))
      placed.append(
        PlacedModule(
          address: address, byteCount: count,
          text: module.commandLine.isEmpty ? module.source.name : module.commandLine))
    }
    return placed
  }

  /// The first address after everything of the image that lies below 4 GiB.
  private var endOfImage: UInt64 {
    segments.lazy.filter { $0.kind == .image && $0.address.rawValue < PCMemoryLayout.holeEnd }
      .map { $0.lastAddress.rawValue + 1 }.max() ?? 0
  }
}
