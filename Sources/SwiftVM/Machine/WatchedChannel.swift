internal import Host
internal import Synchronization

/// The console's channel, and whether somebody is held up in it: that is what may keep a vCPU from coming
/// out although nothing is wrong.
final class WatchedChannel: ByteChannel {
  private let channel: any ByteChannel
  private let begun = Atomic<UInt64>(0)
  private let done = Atomic<UInt64>(0)
  private let closed = Atomic<Bool>(false)

  /// Watches what is written to `channel`.
  init(_ channel: any ByteChannel) { self.channel = channel }

  /// How many writes were begun.
  var writeCount: UInt64 { begun.load(ordering: .relaxed) }

  /// Whether a write is under way.
  var isWriting: Bool {
    // In this order: a write that ends in between must not be seen as one that ended before it began.
    let done = done.load(ordering: .acquiring)
    return begun.load(ordering: .relaxed) != done
  }

  /// Whether `close` was called: from then on no write has a reason to wait.
  var isClosed: Bool { closed.load(ordering: .relaxed) }

  func write(_ bytes: RawSpan) {
    begun.wrappingAdd(1, ordering: .relaxed)
    channel.write(bytes)
    done.wrappingAdd(1, ordering: .releasing)
  }

  func attach(_ receiver: any ByteReceiver) { channel.attach(receiver) }
  func receiverHasRoom() { channel.receiverHasRoom() }

  func close() {
    closed.store(true, ordering: .relaxed)
    channel.close()
  }
}
