import CLinux
internal import Synchronization

/// The old states of raw terminals, where a signal handler can find them.
///
/// A handler may take no lock and allocate nothing. So the states are in a list of records that
/// only grows, one for each terminal ever made raw (a process has one or two), read with atomics.
enum TerminalRescue {
  private struct Node: ~Copyable {
    let descriptor: Int32
    let saved: termios
    let isRaw = Atomic(false)
    /// Address of the node added before, or 0.
    let next: UInt
  }

  /// Address of the newest node, or 0. Nodes are never freed.
  private static let head = Atomic<UInt>(0)
  /// Serializes additions; the handler only reads.
  private static let addition = Lock(())

  /// One terminal's old state.
  @safe
  struct Record: @unchecked Sendable {
    // @unchecked: the node is never freed, and only its atomic changes.
    private let node: UnsafeMutablePointer<Node>

    /// Reads the terminal's present state as the one to come back to.
    init(descriptor: Int32) throws(SystemError) {
      var saved = termios()
      // Sound: the pointer is valid for the call.
      guard unsafe tcgetattr(descriptor, &saved) == 0 else {
        throw .last("read the state of the terminal")
      }
      TerminalRescue.installOnce()
      let state = saved
      let address = addition.withLock { _ in
        // Sound: initialized before its address is published; never deallocated.
        let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
        let next = head.load(ordering: .relaxed)
        unsafe node.initialize(to: Node(descriptor: descriptor, saved: state, next: next))
        head.store(UInt(bitPattern: node), ordering: .releasing)
        return UInt(bitPattern: node)
      }
      unsafe node = TerminalRescue.node(address)!
    }

    var saved: termios { unsafe node.pointee.saved }
    var isRaw: Bool { unsafe node.pointee.isRaw.load(ordering: .acquiring) }
    func markRaw() { unsafe node.pointee.isRaw.store(true, ordering: .releasing) }
    func restore() { unsafe TerminalRescue.restore(node) }
  }

  /// The node at an address that was published, or nil for 0.
  private static func node(_ address: UInt) -> UnsafeMutablePointer<Node>? {
    // Sound: what was published is a node, and stays one.
    unsafe UnsafeMutablePointer<Node>(bitPattern: address)
  }

  /// Whether any terminal is raw at this moment.
  static var isAnyRaw: Bool {
    var next = head.load(ordering: .acquiring)
    while let current = unsafe node(next) {
      if unsafe current.pointee.isRaw.load(ordering: .acquiring) { return true }
      next = unsafe current.pointee.next
    }
    return false
  }

  static func isForeground(_ descriptor: Int32) -> Bool {
    let group = tcgetpgrp(descriptor)
    // -1: not the terminal that controls this process; then nobody stops us.
    return group == -1 || group == getpgrp()
  }

  /// Async-signal-safe.
  private static func restore(_ node: UnsafeMutablePointer<Node>) {
    guard unsafe node.pointee.isRaw.exchange(false, ordering: .acquiringAndReleasing) else { return }
    // A background process must not change the terminal under the hands of whoever has it; its
    // shell has put it back already.
    guard unsafe isForeground(node.pointee.descriptor) else { return }
    var saved = unsafe node.pointee.saved
    // Sound: the pointer is valid for the call.
    while unsafe tcsetattr(node.pointee.descriptor, TCSANOW, &saved) != 0 && currentErrno() == EINTR {}
  }

  /// Async-signal-safe.
  private static func restoreAll() {
    var next = head.load(ordering: .acquiring)
    while let current = unsafe node(next) {
      unsafe restore(current)
      next = unsafe current.pointee.next
    }
  }

  // MARK: The ways out

  private static let faultSignals = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS]

  /// The actions that were installed before ours, by number. Written once.
  nonisolated(unsafe) private static let oldActions: UnsafeMutablePointer<sigaction> = {
    let actions = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)
    unsafe actions.initialize(repeating: sigaction(), count: 65)
    return unsafe actions
  }()

  private static func installOnce() { _ = isInstalled }

  private static let isInstalled: Bool = {
    // Touched here first, so that the handler runs no initializer.
    _ = unsafe (oldActions, head.load(ordering: .relaxed))
    atexit { TerminalRescue.restoreAll() }
    for number in faultSignals {
      // Sound: the handler does only what a handler may; the table has room for every number.
      unsafe swiftvm_install_fault_handler(
        number, { number, information, _ in unsafe TerminalRescue.handleFault(number, information) },
        oldActions + Int(number))
    }
    return true
  }()

  /// Restores the terminals, and lets the fault take the course it would have taken without us: the
  /// old action is put back, and the signal comes again.
  private static func handleFault(_ number: Int32, _ information: UnsafeMutablePointer<siginfo_t>?) {
    restoreAll()
    unsafe swiftvm_restore_action(number, oldActions + Int(number))
    // A fault of an instruction happens again when the instruction is tried again, with its full
    // description. A breakpoint does not (the instruction is over), nor does what was sent by kill.
    let isInstruction = number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE
    if isInstruction, let information = unsafe information, unsafe information.pointee.si_code > 0 { return }
    // The signal is blocked while its handler runs: it is delivered on return.
    raise(number)
  }
}
