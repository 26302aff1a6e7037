import Engine
import Host
import X86

/// A processor that reports the exits it is told to, and takes kicks as the contract of `Processor`
/// has it: none is lost, and the answer to the exit before is taken up first.
@safe
final class ScriptedProcessor: Processor, @unchecked Sendable {
  // @unchecked: `buffer` is only used by the thread that runs the vCPU; the rest is in the monitor.

  /// One exit, as a value that can be passed between threads.
  enum Step: Sendable {
    case portWrite(UInt16, width: UInt8, value: UInt64)
    case portRead(UInt16, width: UInt8)
    case memoryWrite(UInt64, width: UInt8, value: UInt64)
    case memoryRead(UInt64, width: UInt8)
    case halt, shutdown, interruptWindow, interrupted, taskPriorityLowered, turnOver
    case readRegister(UInt32)
    case writeRegister(UInt32, value: UInt64)
    /// No exit: what the processor says of its readiness from now on.
    case flags(canAccept: Bool, interruptsEnabled: Bool)
    /// No exit: the guest sets CR8.
    case taskPriority(UInt8)
    case debug(address: UInt64)
    case hypercall(number: UInt64, arguments: HypercallArguments = HypercallArguments())
    case systemEvent(type: UInt32)
    case failedEntry(reason: UInt64)
    case emulationFailure(code: UInt32, bytes: [UInt8])
    case unknown(reason: UInt32)
    /// `run()` throws.
    case failure(String)
    /// No exit: `run()` does not come back, kicked or not, until `letGo`.
    case stuck
  }

  /// What the run loop told the processor.
  enum Event: Sendable, Equatable {
    case interrupt(UInt8), nmi, window(Bool), apicBase(UInt64), registerRead(UInt64?), registerWrite(Bool)
    case load(CPUState)
    case hypercall(Int64), pauseTold
  }

  private struct State {
    var steps: [Step]
    var events: [Event] = []
    var wantsWindow = false
    var flags = (canAccept: false, interruptsEnabled: false)
    var taskPriority: UInt8 = 0
    var hypercallArguments = HypercallArguments()
    var next = 0
    var isKicked = false
    var isStuck = false
    /// How often `run()` returned `.interrupted` because of a kick.
    var interruptions = 0
    /// What devices answered to the reads, in order.
    var answers: [UInt64] = []
    var boundThread: Int32 = 0
  }

  let index: Int
  private let monitor: Monitor<State>
  private let buffer: UnsafeMutableRawPointer
  /// The width of a read whose answer was not taken up yet.
  private var pendingRead: UInt8?
  /// What `saveState` gives or throws.
  let savedState: Result<CPUState, EngineError>

  /// After the last step the guest runs on without an exit until it is kicked.
  init(index: Int = 0, _ steps: [Step], savedState: Result<CPUState, EngineError> = .success(CPUState())) {
    self.index = index
    self.savedState = savedState
    monitor = Monitor(State(steps: steps))
    unsafe buffer = .allocate(byteCount: 8, alignment: 8)
  }

  deinit { unsafe buffer.deallocate() }

  /// What the run loop told the processor, in order.
  var events: [Event] { monitor.read(\.events) }
  var answers: [UInt64] { monitor.read(\.answers) }
  var interruptions: Int { monitor.read(\.interruptions) }
  var boundThread: Int32 { monitor.read(\.boundThread) }
  /// Whether `run()` is at a `.stuck`.
  var isStuck: Bool { monitor.read(\.isStuck) }
  /// Lets `run()` go on behind its `.stuck`.
  func letGo() { monitor.update { $0.isStuck = false } }
  /// How many steps were reported.
  var stepsDone: Int { monitor.read(\.next) }

  func run() throws(EngineError) -> VMExit {
    // Sound: the buffer has eight bytes, and no width is larger.
    let data = unsafe ExitBuffer(base: buffer, byteCount: Int(pendingRead ?? 8))
    let answer = pendingRead.map { data.load(width: Int($0)) }
    pendingRead = nil
    if let answer { monitor.update { $0.answers.append(answer) } }
    let step: Step = monitor.wait { state in
      if state.isStuck { return nil }
      if state.isKicked {
        state.isKicked = false
        state.interruptions += 1
        return .interrupted
      }
      while state.next < state.steps.count {
        defer { state.next += 1 }
        switch state.steps[state.next] {
        case .flags(let canAccept, let interruptsEnabled): state.flags = (canAccept, interruptsEnabled)
        case .taskPriority(let value): state.taskPriority = value
        case .stuck:
          state.isStuck = true
          return nil
        case let step: return step
        }
      }
      return nil
    }
    return try report(step)
  }

  private func report(_ step: Step) throws(EngineError) -> VMExit {
    switch step {
    case .portWrite(let port, let width, let value):
      return .portIO(
        PortAccess(port: port, width: width, direction: .write, count: 1, data: filled(width, value)))
    case .portRead(let port, let width):
      pendingRead = width
      return .portIO(PortAccess(port: port, width: width, direction: .read, count: 1, data: filled(width, 0)))
    case .memoryWrite(let address, let width, let value):
      return .mmio(MMIOAccess(address: address, width: width, direction: .write, data: filled(width, value)))
    case .memoryRead(let address, let width):
      pendingRead = width
      return .mmio(MMIOAccess(address: address, width: width, direction: .read, data: filled(width, 0)))
    case .halt: return .halt
    case .shutdown: return .shutdown
    case .interruptWindow: return .interruptWindow
    case .interrupted: return .interrupted
    case .taskPriorityLowered: return .taskPriorityLowered
    case .turnOver: return .turnOver
    case .readRegister(let number): return .readRegister(MSR(rawValue: number))
    case .writeRegister(let number, let value): return .writeRegister(MSR(rawValue: number), value: value)
    case .flags, .taskPriority, .stuck: return .interrupted  // Taken before.
    case .debug(let address): return .debug(DebugExit(vector: 1, address: address, dr6: 0))
    case .hypercall(let number, let arguments):
      monitor.update { $0.hypercallArguments = arguments }
      return .hypercall(number: number)
    case .systemEvent(let type): return .systemEvent(type: type, detail: 0)
    case .failedEntry(let reason): return .failedEntry(reason: reason)
    case .emulationFailure(let code, let bytes):
      return .emulationFailure(EmulationFailure(code: code, bytes: bytes))
    case .unknown(let reason): return .unknown(reason: reason)
    case .failure(let text): throw EngineError(text)
    }
  }

  private func filled(_ width: UInt8, _ value: UInt64) -> ExitBuffer {
    // Sound: see `run`.
    let data = unsafe ExitBuffer(base: buffer, byteCount: Int(width))
    data.store(value, width: Int(width))
    return data
  }

  func kick() { monitor.update { $0.isKicked = true } }
  func bindToCurrentThread() { monitor.update { $0.boundThread = currentThreadID() } }
  func saveState() throws(EngineError) -> CPUState { try savedState.get() }
  func loadState(_ state: CPUState) throws(EngineError) { monitor.update { $0.events.append(.load(state)) } }
  func inject(interrupt vector: UInt8) throws(EngineError) {
    monitor.update { $0.events.append(.interrupt(vector)) }
  }
  func injectNMI() throws(EngineError) { monitor.update { $0.events.append(.nmi) } }
  func requestInterruptWindow(_ wanted: Bool) {
    monitor.update { state in
      if state.wantsWindow != wanted { state.events.append(.window(wanted)) }
      state.wantsWindow = wanted
    }
  }
  var canAcceptInterrupt: Bool { monitor.read { $0.flags.canAccept } }
  var interruptsEnabled: Bool { monitor.read { $0.flags.interruptsEnabled } }
  var taskPriority: UInt8 {
    get { monitor.read(\.taskPriority) }
    set { monitor.update { $0.taskPriority = newValue } }
  }
  func setAPICBase(_ value: UInt64) throws(EngineError) {
    monitor.update { $0.events.append(.apicBase(value)) }
  }
  func completeRegisterRead(_ value: UInt64?) { monitor.update { $0.events.append(.registerRead(value)) } }
  func completeRegisterWrite(accepted: Bool) { monitor.update { $0.events.append(.registerWrite(accepted)) } }
  var instructionPointer: UInt64? { 0x1234 }
  var hypercallArguments: HypercallArguments { monitor.read(\.hypercallArguments) }
  func completeHypercall(_ result: Int64) { monitor.update { $0.events.append(.hypercall(result)) } }
  func noteThatItWasPaused() { monitor.update { $0.events.append(.pauseTold) } }
  func nanoseconds(untilTimeStamp timeStamp: UInt64) -> UInt64? { nil }
  func isHaltedForGood() throws(EngineError) -> Bool { false }
  var activityStamp: UInt64? { nil }
  var seemsAsleep: Bool { false }
}

extension EmulationFailure {
  /// A failure at the instruction with these bytes.
  init(code: UInt32, bytes: [UInt8]) {
    var array = InlineArray<15, UInt8>(repeating: 0)
    for (index, byte) in bytes.prefix(15).enumerated() { array[index] = byte }
    self.init(code: code, instructionBytes: array, instructionByteCount: UInt8(min(bytes.count, 15)))
  }
}
