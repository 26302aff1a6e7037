import CLinux

/// A thread of the host with a name, whose blocking system calls another thread can interrupt.
///
/// It runs with every signal blocked but the kick signal and those that report a fault of the
/// program itself: what the terminal or an administrator sends goes to the threads that asked for it.
public final class HostThread: Sendable {
  /// The name, cut to the 15 bytes the kernel keeps.
  public let name: String

  private struct State {
    var identifier = pthread_t()
    var body: (@Sendable () -> Void)?
    /// The body has returned: from here on the identifier may become invalid.
    var isFinished = false
  }
  private let state: Lock<State>
  /// Whether pthread_join was done. A lock of its own: it is held while waiting.
  private let isJoined = Lock(false)

  private init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    state = Lock(State(body: body))
  }

  /// Starts a thread that runs `body`.
  ///
  /// - Parameter name: what `ps -L` and debuggers show; the first 15 bytes count.
  /// - Parameter stackByteCount: the room for the stack; pages take memory only once touched.
  /// - Throws: the failure of pthread_create.
  public static func start(
    name: String, stackByteCount: Int = 512 * 1024, body: @escaping @Sendable () -> Void
  ) throws(SystemError) -> HostThread {
    let thread = HostThread(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), body: body)
    var attributes = pthread_attr_t()
    // Sound, all pointers below: they point to locals, or to the thread object, which the
    // reference that `passRetained` adds keeps alive until `enter` takes it over.
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, max(stackByteCount, 64 * 1024))

    // A thread inherits the mask of its creator: set it around the creation, so that there is no
    // moment at which the new thread could take a signal that is not its own.
    var mask = threadSignalMask()
    var oldMask = sigset_t()
    unsafe pthread_sigmask(SIG_SETMASK, &mask, &oldMask)
    let context = unsafe Unmanaged.passRetained(thread)
    let result = thread.state.withLock { state in
      unsafe pthread_create(&state.identifier, &attributes, enter, context.toOpaque())
    }
    unsafe pthread_sigmask(SIG_SETMASK, &oldMask, nil)
    guard result == 0 else {
      // There is nothing to detach.
      thread.isJoined.withLock { $0 = true }
      unsafe context.release()
      throw SystemError("start the thread \(name)", errno: result)
    }
    return thread
  }

  deinit {
    // The thread holds a reference until its body has returned, so it is over: let its memory go.
    if !isJoined.withLock({ $0 }) { pthread_detach(state.withLock { $0.identifier }) }
  }

  /// Whether the caller runs on this thread.
  public var isCurrent: Bool {
    state.withLock { !$0.isFinished && pthread_equal($0.identifier, pthread_self()) != 0 }
  }

  /// Waits until the body has returned. Harmless when repeated, from several threads, or from the
  /// thread itself (which does not wait).
  public func join() {
    if isCurrent { return }
    isJoined.withLock { isJoined in
      if isJoined { return }
      // Not joined yet, so the identifier is valid; the result is not asked for.
      pthread_join(state.withLock { $0.identifier }, nil)
      isJoined = true
    }
  }

  /// Sends a signal to this thread alone; nothing happens once its body has returned.
  public func signal(_ number: Int32) {
    state.withLock { state in
      // The lock keeps the thread from ending here: the identifier stays valid during the call.
      if !state.isFinished { pthread_kill(state.identifier, number) }
    }
  }

  /// How long the thread was on a processor, in nanoseconds (pthread_getcpuclockid), guests that it ran in KVM
  /// included; nil once its body has returned.
  public var processorNanoseconds: UInt64? {
    state.withLock { state -> UInt64? in
      // The lock keeps the thread from ending here: the identifier stays valid during the calls.
      guard !state.isFinished else { return nil }
      var clock = clockid_t()
      var time = timespec()
      // Sound: the pointers are valid for the calls.
      guard unsafe pthread_getcpuclockid(state.identifier, &clock) == 0,
        unsafe clock_gettime(clock, &time) == 0
      else { return nil }
      return UInt64(bitPattern: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }
  }

  /// Interrupts the thread's blocking system call with `KickSignal`.
  public func kick() { signal(KickSignal.number) }

  fileprivate func run() {
    // Sound: the string outlives the call, which copies it.
    _ = unsafe name.withCString { unsafe pthread_setname_np(pthread_self(), $0) }
    let body = state.withLock { state in
      defer { state.body = nil }
      return state.body
    }
    body?()
    state.withLock { $0.isFinished = true }
  }

  /// All signals but the kick and those a fault of the program raises: blocked, these would end
  /// the process before the terminal is restored.
  private static func threadSignalMask() -> sigset_t {
    var mask = sigset_t()
    // Sound: the pointers are valid for the calls.
    unsafe sigfillset(&mask)
    for number in [KickSignal.number, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS] {
      unsafe sigdelset(&mask, number)
    }
    return mask
  }
}

/// Where a new thread begins. A function, not a closure: it must belong to no actor.
private func enter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  // Sound: `start` passed a retained reference to a HostThread, which is taken over here.
  let thread = unsafe Unmanaged<HostThread>.fromOpaque(context!).takeRetainedValue()
  thread.run()
  return nil
}
