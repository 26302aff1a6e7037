import Engine
import GuestMemory
import ProcessorPolicy

/// An engine whose vCPUs are scripted: for what engines do wrong. All of them run from the start.
final class ScriptedMachine: MachineEngine {
  let processors: [ScriptedProcessor]
  let runsInTurns: Bool
  private let interrupts = RecordedInterrupts()

  /// - Parameter processors: the vCPUs, by number.
  init(_ processors: [ScriptedProcessor], runsInTurns: Bool = false) {
    self.processors = processors
    self.runsInTurns = runsInTurns
  }

  var interruptController: (any InterruptController)? { interrupts }
  func map(_ memory: GuestMemory) throws(EngineError) {}
  func prepareInterrupts(_ place: InterruptControllerPlace) throws(EngineError) {}
  func makeProcessor(index: Int) throws(EngineError) -> ScriptedProcessor { processors[index] }
  func finishSetup(_ processors: [ScriptedProcessor]) throws(EngineError) {}
  func explainProcessor() throws(EngineError) -> PolicyExplanation {
    throw EngineError("a script has no CPUID")
  }
}
