import CLinux

extension EventLoop {
  /// Has `handler` called on the loop's thread while the descriptor is ready for `interest`.
  ///
  /// The readiness is level-triggered: the handler is called again until it reads, writes, or
  /// changes the interest. An empty interest reports nothing, hang-ups included. The descriptor
  /// must stay open until the registration is removed.
  ///
  /// - Throws: EPERM for what is always ready and cannot be waited for, a regular file or
  ///   /dev/null; ECANCELED after `stop()`.
  public func add(
    _ descriptor: Int32, _ interest: Readiness, handler: @escaping @Sendable (Readiness) -> Void
  ) throws(SystemError) -> Registration {
    try state.withLock { state throws(SystemError) in
      try start(&state)
      guard let core = state.core else {
        throw SystemError("use a stopped event loop", errno: ECANCELED)
      }
      let slot: Int
      if let free = state.entries.firstIndex(where: { $0.handler == nil }) {
        slot = free
      } else {
        slot = state.entries.count
        state.entries.append(Entry())
      }
      state.entries[slot].generation = max(1, state.entries[slot].generation &+ 1)
      let generation = state.entries[slot].generation
      try Self.control(
        core.epoll, EPOLL_CTL_ADD, descriptor, interest, token: UInt64(generation) << 32 | UInt64(slot))
      state.entries[slot].descriptor = descriptor
      state.entries[slot].interest = interest
      state.entries[slot].handler = handler
      return Registration(loop: self, slot: slot, generation: generation)
    }
  }

  /// A descriptor the loop waits for. It ends when its last reference goes.
  public final class Registration: Sendable {
    private let loop: EventLoop
    private let slot: Int
    private let generation: UInt32

    init(loop: EventLoop, slot: Int, generation: UInt32) {
      self.loop = loop
      self.slot = slot
      self.generation = generation
    }

    deinit { remove() }

    /// Waits for something else from now on.
    public func modify(_ interest: Readiness) {
      loop.state.withLock { state in
        guard isValid(state), let core = state.core, state.entries[slot].interest != interest else { return }
        state.entries[slot].interest = interest
        // It cannot fail: the descriptor is registered and, by contract, open.
        try? EventLoop.control(
          core.epoll, EPOLL_CTL_MOD, state.entries[slot].descriptor, interest,
          token: UInt64(generation) << 32 | UInt64(slot))
      }
    }

    /// Waits no more. The handler is not called again, but may be running at this moment on the
    /// loop's thread. Harmless when repeated and after the loop's `stop()`.
    public func remove() {
      let handler = loop.state.withLock { state -> (@Sendable (Readiness) -> Void)? in
        guard isValid(state), let core = state.core else { return nil }
        try? EventLoop.control(core.epoll, EPOLL_CTL_DEL, state.entries[slot].descriptor, [], token: 0)
        let handler = state.entries[slot].handler
        state.entries[slot].handler = nil
        state.entries[slot].interest = []
        return handler
      }
      // Dropped outside of the lock: it may hold the last reference to another registration.
      withExtendedLifetime(handler) {}
    }

    private func isValid(_ state: EventLoop.State) -> Bool {
      slot < state.entries.count && state.entries[slot].generation == generation
        && state.entries[slot].handler != nil
    }
  }
}
