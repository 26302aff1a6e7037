import CLinux

/// One thread, "swiftvm-io", that waits for descriptors, timers and calls from other threads.
///
/// Nothing is made before the first use: no thread, no descriptor. Every handler runs on the loop's
/// thread with no lock held, one after the other, so a handler must not block. `stop()` ends it.
public final class EventLoop: Sendable {
  /// What a descriptor is waited for, or was found to be (epoll_ctl(2)).
  public struct Readiness: OptionSet, Sendable {
    /// EPOLL* bits.
    public let rawValue: UInt32
    /// The set with these EPOLL* bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// There is something to read, or the end.
    public static let readable = Readiness(rawValue: UInt32(EPOLLIN.rawValue))
    /// There is room to write.
    public static let writable = Readiness(rawValue: UInt32(EPOLLOUT.rawValue))
    /// Both directions are closed. Reported without being asked for, but for an empty interest.
    public static let hangUp = Readiness(rawValue: UInt32(EPOLLHUP.rawValue))
    /// A failure, or the reader of a pipe is gone. Reported without being asked for, as above.
    public static let failure = Readiness(rawValue: UInt32(EPOLLERR.rawValue))
  }

  /// The descriptors that make the loop itself.
  struct Core {
    let epoll: SharedDescriptor
    let wakeUp: SharedDescriptor
    let timer: SharedDescriptor
  }

  enum Phase { case idle, running, stopping, stopped }

  /// A descriptor's place in the table. The generation tells its events from those of an earlier
  /// user of the same place.
  struct Entry {
    var generation: UInt32 = 0
    var descriptor: Int32 = -1
    var interest: Readiness = []
    var handler: (@Sendable (Readiness) -> Void)?
  }

  struct State {
    var phase = Phase.idle
    var core: Core?
    var thread: HostThread?
    var entries: [Entry] = []
    var timers = TimerHeap()
    /// What the timer descriptor is set to; `.max` when unset.
    var programmedDeadline = UInt64.max
    var tasks: [@Sendable () -> Void] = []
    var isWakeUpPending = false
  }

  let state = Lock(State())

  /// A loop that has not started.
  public init() {}

  /// Starts the thread, if it does not run yet. Everything that needs it starts it too; to call this
  /// first is how to learn of a failure as an error.
  ///
  /// - Throws: the failure to make a descriptor or a thread; ECANCELED after `stop()`.
  public func start() throws(SystemError) {
    try state.withLock { state throws(SystemError) in try start(&state) }
  }

  /// Runs `body` on the loop's thread, after what was passed before. Any thread may call it. What
  /// is passed after `stop()` is dropped.
  public func perform(_ body: @escaping @Sendable () -> Void) {
    state.withLock { state in
      guard startOrDie(&state) else { return }
      state.tasks.append(body)
      wakeUp(&state)
    }
  }

  /// Ends the thread and waits for it, unless called on it. What `perform` was given before runs
  /// first; all registrations and timers end. Harmless when repeated.
  public func stop() {
    let thread = state.withLock { state in
      switch state.phase {
      case .idle: state.phase = .stopped
      case .running:
        state.phase = .stopping
        wakeUp(&state)
      case .stopping, .stopped: break
      }
      return state.thread
    }
    thread?.join()
  }

  /// Whether the caller runs on the loop's thread.
  public var isCurrent: Bool { state.withLock { $0.thread }?.isCurrent ?? false }

  // MARK: Start and wake-up, under the lock

  func start(_ state: inout State) throws(SystemError) {
    switch state.phase {
    case .running: return
    case .stopping, .stopped: throw SystemError("use a stopped event loop", errno: ECANCELED)
    case .idle: break
    }
    let core = Core(
      epoll: try Self.made(epoll_create1(Int32(EPOLL_CLOEXEC)), "make an epoll instance"),
      wakeUp: try Self.made(
        eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)), "make an eventfd"),
      timer: try Self.made(
        timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK)),
        "make a timer descriptor"))
    try Self.control(core.epoll, EPOLL_CTL_ADD, core.wakeUp.rawValue, .readable, token: wakeUpToken)
    try Self.control(core.epoll, EPOLL_CTL_ADD, core.timer.rawValue, .readable, token: timerToken)
    state.thread = try HostThread.start(name: "swiftvm-io") { self.run(core) }
    state.core = core
    state.phase = .running
  }

  /// Starts the loop where the caller cannot throw. False after `stop()`.
  func startOrDie(_ state: inout State) -> Bool {
    if state.phase == .stopping || state.phase == .stopped { return false }
    do throws(SystemError) {
      try start(&state)
    } catch {
      fatalError("The event loop cannot start: \(error). Call start() first to handle this.")
    }
    return true
  }

  func wakeUp(_ state: inout State) {
    guard !state.isWakeUpPending, let core = state.core else { return }
    state.isWakeUpPending = true
    // It fails only where the counter is full, and then the loop wakes up anyway.
    _ = eventfd_write(core.wakeUp.rawValue, 1)
  }

  private static func made(_ descriptor: Int32, _ operation: String) throws(SystemError) -> SharedDescriptor {
    guard descriptor >= 0 else { throw .last(operation) }
    return SharedDescriptor(OwnedDescriptor(takingOver: descriptor))
  }

  static func control(
    _ epoll: SharedDescriptor, _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, token: UInt64
  ) throws(SystemError) {
    // An empty interest would still report hang-ups, for ever; EPOLLONESHOT ends that after one.
    let events = interest.isEmpty ? UInt32(EPOLLONESHOT.rawValue) : interest.rawValue
    // Sound: `data` is a union without pointers of ours; u64 is the member that is read back.
    var event = unsafe epoll_event(events: events, data: epoll_data_t(u64: token))
    // Sound: the pointer is valid for the call, which copies what it points to.
    guard unsafe epoll_ctl(epoll.rawValue, operation, descriptor, &event) == 0 else {
      throw .last("wait for events of descriptor \(descriptor)")
    }
  }
}

/// Tokens of the loop's own descriptors. Those of entries have a generation, so are larger.
let wakeUpToken: UInt64 = 0
let timerToken: UInt64 = 1
