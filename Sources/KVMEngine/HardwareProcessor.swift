public import Engine
internal import Host
internal import KVM
internal import Synchronization
public import X86

/// A vCPU on KVM.
///
/// The thread that runs it is the only one to use it, but for `kick`, and for `saveState` and
/// `isHaltedForGood` while that thread is parked (the gate's lock orders the two).
public final class HardwareProcessor: Processor, @unchecked Sendable {
  // @unchecked: see above; `kick` touches only the atomic thread handle and one byte of the shared
  // page, which the kernel reads with READ_ONCE for this very purpose.

  public let index: Int
  let processor: KVMProcessor
  private let immediateExit: ImmediateExitFlag
  private let thread = Atomic<UInt>(0)
  private let statistics: KVMStatistics?
  let savedRegisters: [MSR]
  /// No state was loaded yet: the registers have their reset values.
  var isPristine = true

  init(index: Int, processor: consuming KVMProcessor, savedRegisters: [MSR]) {
    self.index = index
    self.savedRegisters = savedRegisters
    immediateExit = processor.immediateExitFlag
    statistics = nil
    self.processor = processor
  }

  public func bindToCurrentThread() {
    thread.store(KickSignal.currentThread(), ordering: .releasing)
  }

  public func run() throws(EngineError) -> VMExit {
    let result = processor.run()
    if result == 0 { return decodeExit() }
    return try answerFailedRun(result)
  }

  private func answerFailedRun(_ result: Int32) throws(EngineError) -> VMExit {
    // EINTR: a signal or the immediate-exit byte. EAGAIN: a start-up IPI was taken up.
    if result == -4 || result == -11 {
      // Cleared before the run loop looks at what is wanted of it: a kick from now on sets it again.
      immediateExit.clear()
      return .interrupted
    }
    let exit = decodeExit()
    if case .unknown = exit {} else if result == -14 { return exit }
    throw EngineError(
      "vCPU \(index) cannot run: " + SystemError("ioctl KVM_RUN", errno: -result).description, errno: -result)
  }

  public func kick() {
    immediateExit.set()
    let target = thread.load(ordering: .acquiring)
    if target != 0 { KickSignal.send(to: target) }
  }

  public func inject(interrupt vector: UInt8) throws(EngineError) {
    try asEngineError { () throws(KVMError) in try processor.injectInterrupt(UInt32(vector)) }
  }

  public func requestInterruptWindow(_ wanted: Bool) {
    // Sound: only this vCPU's thread writes the field, between two KVM_RUN.
    unsafe processor.runArea.pointee.request_interrupt_window = wanted ? 1 : 0
  }
}
