internal import Engine
internal import Synchronization

/// One thread that runs all vCPUs of a machine, each in its turn, in the order of their numbers.
///
/// Which instructions a turn has is decided by the guest alone: it ends after a fixed number of them, where
/// the vCPU halts, or where it waits in a loop. A vCPU that halts leaves the round; one that was woken is in
/// it again when its number comes. What one vCPU does to another (an interrupt, INIT, a start-up IPI) takes
/// effect at the other's next turn. So the order of all instructions of a machine is the same each time, as
/// far as no device takes part with a time of its own.
final class TurnLoop<VirtualProcessor: Processor>: Sendable {
  private let vcpus: [VirtualCPU]
  private let processors: [VirtualProcessor]
  private let machine: SharedParts
  private let turns = Atomic<UInt64>(0)
  private let current = Atomic<Int>(0)

  /// A loop for these vCPUs, by number, and their processors.
  init(_ vcpus: [VirtualCPU], processors: [VirtualProcessor], machine: SharedParts) {
    self.vcpus = vcpus
    self.processors = processors
    self.machine = machine
  }

  /// How many turns were begun.
  var turnCount: UInt64 { turns.load(ordering: .relaxed) }

  /// The number of the vCPU whose turn it is or was last.
  var turn: Int { current.load(ordering: .relaxed) }

  /// Runs the guest until the machine stops.
  func run() {
    for processor in processors { processor.bindToCurrentThread() }
    var isAsleep = Array(repeating: false, count: vcpus.count)
    var seenWakes = machine.gate.wakeCount
    while true {
      for index in vcpus.indices {
        rouse(&isAsleep, &seenWakes)
        if isAsleep[index] { continue }
        turns.store(turnCount &+ 1, ordering: .relaxed)
        current.store(index, ordering: .relaxed)
        processors[index].beginTurn()
        switch vcpus[index].advance(processors[index]) {
        case .turnOver: break
        case .asleep(let isForGood):
          isAsleep[index] = machine.gate.layDown(vcpu: index, isForGood: isForGood) {
            machine.control.requestStop(.halted)
          }
        case .ended: return end(after: index)
        }
      }
      if !isAsleep.contains(false), !machine.gate.sleepUntilAnyIsWoken() { return end(after: nil) }
    }
  }

  /// Who was woken is in the round again, if `wake` was called at all.
  @inline(__always)
  private func rouse(_ isAsleep: inout [Bool], _ seenWakes: inout UInt64) {
    let wakes = machine.gate.wakeCount
    if wakes == seenWakes { return }
    seenWakes = wakes
    for index in isAsleep.indices where isAsleep[index] {
      isAsleep[index] = !machine.gate.rise(vcpu: index)
    }
  }

  /// The machine stops: the other vCPUs end as they are.
  private func end(after last: Int?) {
    for index in vcpus.indices where index != last { vcpus[index].captureStateIfWanted(isLastToRun: false) }
  }
}
