/// A channel to nowhere: output is dropped, and there is never any input.
public final class NullChannel: ByteChannel {
  /// A channel to nowhere.
  public init() {}
  /// Drops the bytes.
  public func write(_ bytes: RawSpan) {}
  /// Has nothing for the receiver.
  public func attach(_ receiver: any ByteReceiver) {}
  /// Has nothing for the receiver.
  public func receiverHasRoom() {}
  /// Has nothing to give back.
  public func close() {}
}
