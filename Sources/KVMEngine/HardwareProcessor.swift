public import Engine
internal import Host
public import KVM
internal import Synchronization

/// A vCPU on KVM.
///
/// The thread that runs it is the only one to use it, but for `kick`, the two questions of the halt
/// watch, and for `saveState` and `isHaltedForGood` while that thread is parked.
public final class HardwareProcessor: Processor, @unchecked Sendable {
  // @unchecked: `isPristine` and `turnTimer` are only touched while no thread runs the vCPU or by that thread;
  // all else that changes is atomic, locked, or the kernel's.

  /// The vCPU's number and local APIC ID.
  public let index: Int
  @usableFromInline let processor: KVMProcessor
  let immediateExit: ImmediateExitFlag
  /// The Linux thread that runs the vCPU; 0 before it is known.
  private let thread = Atomic<Int32>(0)
  let statistics = Lock<ProcessorStatistics?>(nil)
  /// See `run(forAtMost:)`.
  var turnTimer: ThreadTimer?
  /// The model-specific registers that make up the state.
  let savedRegisters: SavedRegisters
  /// No state was loaded yet: all registers have the values that KVM creates a vCPU with.
  var isPristine = true
  /// The local APIC is in the kernel, which then also knows whether the vCPU waits or halts.
  let hasLocalAPIC: Bool

  init(
    index: Int, processor: consuming KVMProcessor, savedRegisters: SavedRegisters, hasLocalAPIC: Bool
  ) {
    self.index = index
    self.hasLocalAPIC = hasLocalAPIC
    self.savedRegisters = savedRegisters
    immediateExit = processor.immediateExit
    self.processor = processor
  }

  /// Remembers which thread a kick has to reach.
  public func bindToCurrentThread() {
    // In one order with the immediate-exit byte: either a kick finds the thread, or KVM_RUN the byte.
    thread.store(currentThreadID(), ordering: .sequentiallyConsistent)
  }

  /// Runs the guest (KVM_RUN) and says why it left.
  ///
  /// - Throws: where KVM_RUN fails for a reason that is no exit.
  @inlinable @inline(__always)
  public func run() throws(EngineError) -> VMExit {
    let result = processor.run()
    return _fastPath(result == 0) ? decodeExit() : try answerFailedRun(result)
  }

  @usableFromInline @inline(never)
  func answerFailedRun(_ result: Int32) throws(EngineError) -> VMExit {
    // EINTR: a signal, or the immediate-exit byte. EAGAIN: a start-up IPI was taken up.
    guard result == -4 || result == -11 else {
      throw EngineError(processor.error(of: result).description, errno: 0 &- result)
    }
    // Cleared before the run loop looks at what is wanted of it: a kick from now on sets it again.
    immediateExit.set(false)
    openStatistics()
    return .interrupted
  }

  /// Makes the next `run()` do no more than take up the data of the exit before. For the vCPU's thread.
  public func dontEnter() { immediateExit.set() }

  /// Makes `run()` return `.interrupted`.
  public func kick() {
    // The byte first: a signal that comes before KVM_RUN is entered is lost, the byte is not.
    immediateExit.set()
    let target = thread.load(ordering: .sequentiallyConsistent)
    // On the vCPU's own thread the byte is enough: KVM_RUN is yet to come.
    if target != 0, target != currentThreadID() { KickSignal.send(toThread: target) }
  }
}
