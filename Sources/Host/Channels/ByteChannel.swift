/// Where a device's bytes go to and come from on the host: a terminal, a file, a pty, a socket.
public protocol ByteChannel: AnyObject, Sendable {
  /// Writes all of `bytes`, in order.
  ///
  /// May wait while the reader at the other end is slow: that is how the guest is slowed down
  /// instead of losing output. Any thread may call it; calls do not interleave.
  func write(_ bytes: RawSpan)

  /// Sets who gets the bytes that come in. The channel reads from the host only as fast as the
  /// receiver takes them, so that memory stays bounded.
  func attach(_ receiver: any ByteReceiver)

  /// The receiver has room again after it took less than it was offered.
  func receiverHasRoom()

  /// Stops all waiting and gives the host's resources back, a terminal in its old state. What was
  /// written before reaches the host first. Further writes are dropped. Harmless when repeated.
  func close()
}

/// Who takes the bytes that come in on a channel.
public protocol ByteReceiver: AnyObject, Sendable {
  /// Takes as many of `bytes` as there is room for, and returns how many. The channel offers the
  /// rest again after `receiverHasRoom()`.
  func receive(_ bytes: RawSpan) -> Int
}
