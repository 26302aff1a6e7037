internal import Engine
internal import Host

/// A machine between power-on and power-off, whatever its engine. A reset makes a new one.
final class PoweredMachine: Sendable {
  /// What its vCPUs share.
  let shared: SharedParts
  /// Its vCPUs, by number.
  let vcpus: [VirtualCPU]

  /// The engine, which owns what the vCPUs run in.
  private let engine: any MachineEngine
  /// What its threads do: one for each vCPU, or one for all.
  private let bodies: [@Sendable () -> Void]
  /// How many turns were begun, where the vCPUs share a thread.
  let turnCount: @Sendable () -> UInt64?
  private let onLastLeft: @Sendable () -> Void
  private let threads = Lock<[HostThread]>([])

  /// - Parameter onLastLeft: called on the last vCPU thread when it is about to end.
  init<Engine: MachineEngine>(
    engine: Engine, processors: [Engine.VirtualProcessor], shared: SharedParts,
    onLastLeft: @escaping @Sendable () -> Void
  ) {
    self.engine = engine
    self.shared = shared
    self.onLastLeft = onLastLeft
    var vcpus: [VirtualCPU] = []
    var bodies: [@Sendable () -> Void] = []
    for processor in processors {
      let vcpu = VirtualCPU(processor: processor, machine: shared)
      vcpus.append(vcpu)
      if !engine.runsInTurns { bodies.append { vcpu.run(processor) } }
    }
    if engine.runsInTurns {
      let loop = TurnLoop(vcpus, processors: processors, machine: shared)
      bodies = [loop.run]
      turnCount = { loop.turnCount }
    } else {
      turnCount = { nil }
    }
    self.vcpus = vcpus
    self.bodies = bodies
  }

  /// Starts the vCPU threads.
  ///
  /// - Throws: where the host gives no thread; those that were started end.
  func start() throws(SystemError) {
    let (gate, onLastLeft) = (shared.gate, onLastLeft)
    for (index, body) in bodies.enumerated() {
      do throws(SystemError) {
        // Untouched pages of a stack cost nothing. The loop is shallow; the software CPU, without the
        // optimizer, is not.
        let thread = try HostThread.start(name: "vcpu\(index)", stackByteCount: 2 << 20) {
          body()
          if gate.leave() { onLastLeft() }
        }
        threads.withLock { $0.append(thread) }
      } catch {
        for _ in index..<bodies.count { _ = gate.leave() }
        throw error
      }
    }
  }

  /// Makes every vCPU look at the gate.
  func kickAll() {
    for vcpu in vcpus { vcpu.processor.kick() }
  }

  /// What is left of the vCPUs, once their threads have ended.
  func remains() -> [VCPURemains] {
    vcpus.map { vcpu in
      VCPURemains(
        ending: vcpu.ending.withLock { $0 }, lastExits: vcpu.history.entries, exitCount: vcpu.history.total,
        assistance: vcpu.processor.assistance ?? AssistanceCount())
    }
  }
}

/// What is left of a vCPU once its thread has ended.
struct VCPURemains: Sendable {
  var ending: Ending?
  var lastExits: [ExitRecord]
  var exitCount: UInt64
  /// What the software CPU did for it.
  var assistance = AssistanceCount()
}
