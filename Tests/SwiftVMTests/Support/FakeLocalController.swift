import Engine
import Host
import X86

/// A local interrupt controller that has what it is given, and writes down what it is asked.
final class FakeLocalController: LocalInterruptController {
  private struct State {
    var interrupts: [UInt8] = []
    var signals = ProcessorSignals()
    var taskPriority: UInt8 = 0
    var taskPriorities: [UInt8] = []
    var registers: [MSR: UInt64] = [:]
  }
  private let state = Lock(State())

  func raise(_ vector: UInt8) { state.withLock { $0.interrupts.append(vector) } }
  func send(_ signals: ProcessorSignals) { state.withLock { $0.signals = signals } }
  func set(_ register: MSR, _ value: UInt64) { state.withLock { $0.registers[register] = value } }
  func value(_ register: MSR) -> UInt64? { state.withLock { $0.registers[register] } }
  /// Every value that the task priority was set to.
  var taskPriorities: [UInt8] { state.withLock(\.taskPriorities) }

  var hasInterrupt: Bool { state.withLock { !$0.interrupts.isEmpty } }
  func acknowledge() -> UInt8? {
    state.withLock { $0.interrupts.isEmpty ? nil : $0.interrupts.removeFirst() }
  }
  var hasSignals: Bool { state.withLock { $0.signals != ProcessorSignals() } }
  func takeSignals() -> ProcessorSignals {
    state.withLock { state in
      defer { state.signals = ProcessorSignals() }
      return state.signals
    }
  }
  var taskPriority: UInt8 {
    get { state.withLock(\.taskPriority) }
    set {
      state.withLock { state in
        state.taskPriority = newValue
        state.taskPriorities.append(newValue)
      }
    }
  }
  func read(_ register: MSR) -> UInt64? { state.withLock { $0.registers[register] } }
  func write(_ register: MSR, _ value: UInt64) -> Bool {
    state.withLock { state in
      guard state.registers[register] != nil else { return false }
      state.registers[register] = value
      return true
    }
  }
}
