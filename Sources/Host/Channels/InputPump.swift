import CLinux
internal import Synchronization

/// Moves bytes from descriptors to a receiver, on the event loop, no faster than the receiver takes them.
///
/// Sources are read one after the other: a new client's input begins where the old one's ended.
/// What cannot be waited for because it is always ready (a regular file, /dev/null) is read one
/// buffer a round.
final class InputPump: Sendable {
  /// Who is told about the other direction of a source. All are called on the loop.
  struct PeerHooks: Sendable {
    /// The peer closed both directions; there may be bytes left to read. A source with hooks lives
    /// on after the end of its input, until then.
    var hungUp: @Sendable () -> Void
    /// There is room for output, which `setWaitsForRoom` asked to be told.
    var writable: @Sendable () -> Void
  }

  private enum Room: UInt8, AtomicRepresentable { case offered, exhausted, signalled }

  /// One source. What varies is guarded by the pump's lock.
  private final class Source: @unchecked Sendable {
    let descriptor: SharedDescriptor
    var registration: EventLoop.Registration?
    var isAlwaysReady = false
    var isAtEnd = false
    var isHungUp = false
    var waitsForRoom = false
    let peer: PeerHooks?

    init(_ descriptor: SharedDescriptor, peer: PeerHooks?) {
      self.descriptor = descriptor
      self.peer = peer
    }

    var isOver: Bool { isAtEnd && (isHungUp || peer == nil) }
  }

  private struct State {
    var receiver: (any ByteReceiver)?
    /// The first that is not at its end is read; the others wait.
    var sources: [Source] = []
    /// Empty here while the loop's thread works with it.
    var buffer = InputBuffer()
    var isPaused = false
    var isRoundPending = false
    var isClosed = false

    var current: Source? { sources.first { !$0.isAtEnd } }
  }

  /// More sources than this are not kept: the oldest loses what it still had to say.
  private static let sourceLimit = 8

  private let loop: EventLoop
  private let mayRead: (@Sendable () -> Bool)?
  private let filter: (@Sendable (UInt8) -> UInt8?)?
  private let state = Lock(State())
  /// Whether the receiver wants more, without the lock: a device tells with every byte it takes.
  private let room = Atomic(Room.offered)

  /// - Parameter mayRead: asked before each read, on the loop; false pauses reading until `resume()`.
  /// - Parameter filter: what a byte becomes, called on the loop; nil drops it.
  init(
    loop: EventLoop, mayRead: (@Sendable () -> Bool)? = nil, filter: (@Sendable (UInt8) -> UInt8?)? = nil
  ) {
    self.loop = loop
    self.mayRead = mayRead
    self.filter = filter
  }

  /// Adds a source.
  ///
  /// - Throws: the failure to wait for it. A source that needs no waiting is no failure.
  func add(_ descriptor: SharedDescriptor, peer: PeerHooks? = nil) throws(SystemError) {
    let source = Source(descriptor, peer: peer)
    do throws(SystemError) {
      source.registration = try loop.add(descriptor.rawValue, []) { [weak self, weak source] readiness in
        if let self, let source { self.handle(readiness, source) }
      }
    } catch {
      guard error.errno == EPERM else { throw error }
      source.isAlwaysReady = true
    }
    let surplus = state.withLock { state -> Source? in
      if state.isClosed { return source }
      state.sources.append(source)
      defer { updateInterests(&state) }
      return state.sources.count > Self.sourceLimit ? state.sources.removeFirst() : nil
    }
    surplus?.registration?.remove()
    scheduleRound()
  }

  /// Sets who gets the bytes.
  func attach(_ receiver: any ByteReceiver) {
    state.withLock { $0.receiver = receiver }
    room.store(.signalled, ordering: .sequentiallyConsistent)
    scheduleRound()
  }

  /// The receiver has room again. Cheap where nothing waits; never calls the receiver by itself.
  func receiverHasRoom() {
    if room.load(ordering: .sequentiallyConsistent) == .signalled { return }
    if room.exchange(.signalled, ordering: .sequentiallyConsistent) == .exhausted { scheduleRound() }
  }

  /// Reads again where `mayRead` said no.
  func resume() {
    state.withLock { $0.isPaused = false }
    scheduleRound()
  }

  /// Whether `PeerHooks.writable` is to be called while the newest source has room for output.
  func setWaitsForRoom(_ waits: Bool) {
    state.withLock { state in
      guard let source = state.sources.last, source.waitsForRoom != waits else { return }
      source.waitsForRoom = waits
      updateInterests(&state)
    }
  }

  /// Stops reading and lets go of all sources.
  func close() {
    let sources = state.withLock { state in
      state.isClosed = true
      state.receiver = nil
      let sources = state.sources
      state.sources = []
      return sources
    }
    for source in sources { source.registration?.remove() }
  }

  // MARK: On the loop

  private func scheduleRound() {
    let isNew = state.withLock { state in
      if state.isClosed || state.isRoundPending || state.receiver == nil { return false }
      state.isRoundPending = true
      return true
    }
    guard isNew else { return }
    loop.perform { [weak self] in
      guard let self else { return }
      self.state.withLock { $0.isRoundPending = false }
      self.round(isReady: false)
    }
  }

  private func handle(_ readiness: EventLoop.Readiness, _ source: Source) {
    if readiness.contains(.writable) { source.peer?.writable() }
    let isOver = !readiness.isDisjoint(with: [.hangUp, .failure])
    if readiness.contains(.readable) || isOver, state.withLock({ $0.current === source }) {
      round(isReady: true)
    }
    guard isOver else { return }
    let isNews = state.withLock { state in
      defer { source.isHungUp = true }
      return !source.isHungUp
    }
    sweep()
    if isNews { source.peer?.hungUp() }
  }

  /// One round: gives the receiver what there is, reads once, and gives again.
  private func round(isReady: Bool) {
    var buffer = InputBuffer()
    let taken = state.withLock { state -> (any ByteReceiver, Source?)? in
      guard !state.isClosed, let receiver = state.receiver else { return nil }
      // The loop's thread alone runs rounds; moved out, the bytes are changed without a copy.
      swap(&buffer, &state.buffer)
      return (receiver, state.isPaused ? nil : state.current)
    }
    guard let (receiver, source) = taken else { return }
    offer(&buffer, to: receiver)
    if let source, isReady || source.isAlwaysReady, buffer.freeByteCount > 0 {
      if mayRead?() ?? true {
        read(source, into: &buffer)
        offer(&buffer, to: receiver)
      } else {
        state.withLock { $0.isPaused = true }
      }
    }
    let goesOn = state.withLock { state in
      state.buffer = buffer
      guard let current = state.current, !state.isPaused else { return false }
      return current.isAlwaysReady && buffer.freeByteCount > 0
    }
    sweep()
    if goesOn { scheduleRound() }
  }

  private func offer(_ buffer: inout InputBuffer, to receiver: any ByteReceiver) {
    // A receiver that took less than it was offered is left alone until it says that it has room.
    if buffer.isEmpty || room.load(ordering: .sequentiallyConsistent) == .exhausted { return }
    room.store(.offered, ordering: .sequentiallyConsistent)
    buffer.offer(to: receiver)
    if buffer.isEmpty { return }
    let (isExhausted, _) = room.compareExchange(
      expected: .offered, desired: .exhausted, ordering: .sequentiallyConsistent)
    // Room was made between the receiver's answer and this line: nobody else will tell.
    if !isExhausted { scheduleRound() }
  }

  private func read(_ source: Source, into buffer: inout InputBuffer) {
    let count = unsafe buffer.fill(filter: filter) { free in
      // Sound: the buffer is as large as the size that is passed along.
      unsafe CLinux.read(source.descriptor.rawValue, free.baseAddress, free.count)
    }
    if count > 0 || count < 0 && (currentErrno() == EAGAIN || currentErrno() == EINTR) { return }
    state.withLock { _ in source.isAtEnd = true }
  }

  /// Lets go of what has ended, and waits for what is still of interest.
  private func sweep() {
    let ended = state.withLock { state in
      let ended = state.sources.filter(\.isOver)
      if !ended.isEmpty { state.sources.removeAll(where: \.isOver) }
      updateInterests(&state)
      return ended
    }
    for source in ended { source.registration?.remove() }
    // The next one may be always ready, and then no event will come.
    if !ended.isEmpty { scheduleRound() }
  }

  private func updateInterests(_ state: inout State) {
    let current = state.current
    for source in state.sources {
      var interest: EventLoop.Readiness = []
      if source === current, state.receiver != nil, !state.isPaused, state.buffer.freeByteCount > 0 {
        interest.insert(.readable)
      }
      if !source.isHungUp {
        if source.waitsForRoom { interest.insert(.writable) }
        if source.peer != nil { interest.insert(.hangUp) }
      }
      source.registration?.modify(interest)
    }
  }
}
