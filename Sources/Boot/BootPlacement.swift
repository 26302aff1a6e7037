public import GuestMemory
internal import Host

/// The carrying out of a boot plan, by as many threads as lend a hand.
///
/// What is read from files is cut into pieces, since to fill fresh memory with a kernel takes longer than all the
/// rest of a machine's set-up: one thread can begin while another makes the machine, which then helps with what is left.
///
/// ```swift
/// let placement = BootPlacement(of: plan, into: memory)
/// placement.work()  // by any number of threads at once
/// try placement.finish()  // by one, when all of them have come back
/// ```
public final class BootPlacement: Sendable {
  private let plan: BootPlan
  private let memory: GuestMemory
  private let memoryIsZero: Bool
  private let pieces: [Piece]
  private let progress = Lock(Progress())

  /// A part of a segment that one thread fills.
  private struct Piece {
    var segment: PlannedSegment
    /// Where it begins in the segment, in bytes.
    var start: UInt64 = 0
    /// How many bytes come from the file.
    var fileByteCount: UInt64 = 0
    /// What follows it in the segment is to be zero.
    var isLast = true
  }

  private struct Progress {
    /// The first piece that nobody has begun.
    var next = 0
    /// What went wrong, in which piece. Pieces are begun in order, so the first of the failures does not depend
    /// on how many threads there are.
    var failure: (piece: Int, error: BootError)?
  }

  /// The most that one thread fills before it looks for more, in bytes of a file.
  private static let pieceByteCount: UInt64 = 512 << 10
  /// From how many bytes on the pages are made ready by a call before: below, a few faults cost less.
  private static let worthPopulating: UInt64 = 64 << 10

  /// Nothing is done before `work`.
  ///
  /// - Parameter memoryIsZero: the memory was never written, so that what must be zero already is;
  ///   clearing it again would only make the host commit pages.
  public init(of plan: BootPlan, into memory: GuestMemory, memoryIsZero: Bool = false) {
    self.plan = plan
    self.memory = memory
    self.memoryIsZero = memoryIsZero
    pieces = plan.segments.flatMap(Self.pieces)
  }

  /// How many bytes are read from files in all.
  public var fileByteCount: UInt64 { plan.segments.reduce(0) { $0 &+ $1.fileByteCount } }

  /// Does what nobody has begun yet, and returns when nothing is left to begin. Any number of threads may do so at once.
  public func work() {
    while let (index, piece) = begin() {
      do throws(BootError) {
        try fill(piece)
      } catch {
        progress.withLock { progress in
          if index < progress.failure?.piece ?? .max { progress.failure = (index, error) }
          progress.next = pieces.count
        }
      }
    }
  }

  /// What nobody has begun yet is not done any more.
  public func cancel() { progress.withLock { $0.next = pieces.count } }

  /// Lets the sources give back what they keep. For when every `work` has returned.
  ///
  /// - Throws: `BootError.unreadable`, `.cutShort` where a file changed since it was planned with;
  ///   `.memory` where the memory is not laid out as planned. Memory may be partly written then.
  public func finish() throws(BootError) {
    if let failure = progress.withLock({ $0.failure }) { throw failure.error }
    for segment in plan.segments {
      if case .file(let source) = segment.content { source.release() }
    }
  }

  private func begin() -> (Int, Piece)? {
    progress.withLock { progress in
      guard progress.next < pieces.count else { return nil }
      defer { progress.next += 1 }
      return (progress.next, pieces[progress.next])
    }
  }

  private func fill(_ piece: Piece) throws(BootError) {
    let segment = piece.segment
    var count = segment.fileByteCount
    switch segment.content {
    case .reserved: return
    case .bytes(let bytes): count = try segment.write(bytes, into: memory)
    case .random(let bytes, let randomCount):
      let random = (0..<randomCount).map { _ in UInt8.random(in: 0 ... .max) }
      count = try segment.write(bytes + random, into: memory)
    case .file(let source):
      try segment.read(piece.start, count: piece.fileByteCount, from: source, into: memory) {
        if $1 >= Self.worthPopulating { memory.populate($0, byteCount: $1) }
      }
    }
    if piece.isLast, !memoryIsZero { try segment.clearTail(after: count, in: memory) }
  }

  private static func pieces(of segment: PlannedSegment) -> [Piece] {
    var pieces: [Piece] = []
    var start: UInt64 = 0
    // So that no page is in two pieces.
    var count = pieceByteCount - segment.address.rawValue % pieceByteCount
    while case .file = segment.content, segment.fileByteCount - start > count {
      pieces.append(Piece(segment: segment, start: start, fileByteCount: count, isLast: false))
      start += count
      count = pieceByteCount
    }
    return pieces + [Piece(segment: segment, start: start, fileByteCount: segment.fileByteCount - start)]
  }
}

extension BootPlan {
  /// Puts everything the plan names into `memory`. File content is read straight into guest memory.
  ///
  /// - Throws: as `BootPlacement.finish`.
  public func place(into memory: GuestMemory, memoryIsZero: Bool = false) throws(BootError) {
    let placement = BootPlacement(of: self, into: memory, memoryIsZero: memoryIsZero)
    placement.work()
    try placement.finish()
  }
}
