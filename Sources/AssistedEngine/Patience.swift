internal import SoftwareEngine

/// How long a vCPU stays with the helper once KVM had to give it away.
///
/// A move costs about as much as some ten thousand instructions in software. To stay for that long costs
/// at most as much again where KVM would have gone on at full speed; and where it fails soon after, each
/// stay is twice as long as the one before: some hosts' KVM runs the whole kernel by an emulator, which
/// is slower than the helper. There is a limit, since interrupt controllers in the kernel cannot reach
/// a vCPU that is here.
struct Patience {
  private static let shortest: Int64 = 8192
  private static let longest: Int64 = 262_144
  /// A failure within this time, in nanoseconds, came soon.
  private static let soon: UInt64 = 2_000_000

  /// How long a stay is that need not be one instruction only.
  private var kernelLength = shortest
  private var length = shortest
  private var ended: UInt64?
  /// The helper's instruction count at which it gives the vCPU back.
  private var end: UInt64?

  /// A stay begins.
  mutating func begin(at time: UInt64, isShort: Bool) {
    if let ended, time &- ended < Self.soon {
      kernelLength = min(kernelLength * 2, Self.longest)
    } else {
      kernelLength = Self.shortest
    }
    begin(length: isShort ? 1 : kernelLength)
  }

  /// A stay of this length begins.
  mutating func begin(length: Int64) {
    self.length = length
    end = nil
  }

  /// How many instructions it has left.
  mutating func left(_ software: SoftwareProcessor) -> Int64 {
    let now = software.instructionCount
    let end = self.end ?? now &+ UInt64(length)
    self.end = end
    return end > now ? Int64(clamping: end &- now) : 0
  }

  /// The stay is over.
  mutating func end(at time: UInt64) { ended = time }
}
