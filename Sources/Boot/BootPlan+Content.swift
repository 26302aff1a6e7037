public import GuestMemory

extension BootPlan {
  /// What the plan puts at `address`, without a machine: at most `count` bytes, fewer where the
  /// segment that holds the address ends or nothing is put there.
  ///
  /// - Throws: `BootError.unreadable`, `.cutShort` where a file changed since it was planned with.
  public func content(at address: GuestAddress, count: Int) throws(BootError) -> [UInt8] {
    guard count > 0, let segment = segments.first(where: { $0.contains(address) }) else { return [] }
    let start = address.rawValue - segment.address.rawValue
    // `contains` has checked that it begins within the segment.
    let wanted = Int(clamping: min(UInt64(count), segment.memoryByteCount - start))
    var bytes: [UInt8]
    switch segment.content {
    case .reserved: return []
    case .bytes(let all), .random(let all, _):
      bytes = Array(all.dropFirst(Int(clamping: start)).prefix(wanted))
    case .file(let source):
      let inFile = segment.fileByteCount > start ? segment.fileByteCount - start : 0
      guard let offset = (segment.fileOffset ?? 0).adding(start) else { return [] }
      bytes = try source.bytes(at: offset, count: min(wanted, Int(clamping: inFile)))
    }
    bytes += Array(repeating: 0, count: wanted - bytes.count)
    return bytes
  }
}
