import CLinux

/// The real-time signal that makes a blocking system call of another thread return.
///
/// Its handler does nothing and is installed without SA_RESTART, so that KVM_RUN, poll and write
/// end with EINTR. Sent with `HostThread.signal`.
public enum KickSignal {
  /// The signal's number. The first use installs the handler, for the whole process.
  public static let number: Int32 = {
    let number = swiftvm_kick_signal()
    // The handler touches nothing, so it may run at any moment.
    let result = swiftvm_install_handler(number) { _ in }
    precondition(result == 0, "the kick signal \(number) is not a signal of this system")
    return number
  }()

  /// Sends the signal to a thread by its `currentThreadID()`; nothing happens where it has ended.
  public static func send(toThread thread: Int32) { _ = swiftvm_signal_thread(thread, number) }
}
