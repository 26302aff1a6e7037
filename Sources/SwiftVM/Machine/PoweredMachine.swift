internal import Engine
internal import Host
internal import Synchronization

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
  /// Which vCPU has its turn, where the vCPUs share a thread.
  private let turn: @Sendable () -> Int?
  private let onLastLeft: @Sendable () -> Void
  private let threads = Lock<[HostThread]>([])
  /// Which of the bodies are over.
  private let areOver: Lock<[Bool]>

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
      turn = { loop.turn }
    } else {
      turnCount = { nil }
      turn = { nil }
    }
    self.vcpus = vcpus
    areOver = Lock(Array(repeating: false, count: bodies.count))
    self.bodies = bodies
  }

  /// Starts the vCPU threads.
  ///
  /// - Throws: where the host gives no thread; those that were started end.
  func start() throws(SystemError) {
    for (index, body) in bodies.enumerated() {
      do throws(SystemError) {
        // Untouched pages of a stack cost nothing. The loop is shallow; the software CPU, without the
        // optimizer, is not.
        let thread = try HostThread.start(name: "vcpu\(index)", stackByteCount: 2 << 20) {
          body()
          // The thread holds this machine, for it uses the engine and what the engine runs on. One that
          // never comes here keeps them for ever, on purpose: they may not go while it is inside.
          self.areOver.withLock { $0[index] = true }
          if self.shared.gate.leave() { self.onLastLeft() }
        }
        threads.withLock { $0.append(thread) }
      } catch {
        areOver.withLock { areOver in for rest in index..<bodies.count { areOver[rest] = true } }
        for _ in index..<bodies.count { _ = shared.gate.leave() }
        throw error
      }
    }
  }

  /// Makes every vCPU look at the gate.
  func kickAll() {
    for vcpu in vcpus { vcpu.processor.kick() }
  }

  /// Has every vCPU tell its guest that it did not run for a while, before it goes on.
  func noteThatItWasPaused() {
    for vcpu in vcpus { vcpu.wasPaused.store(true, ordering: .relaxed) }
  }

  /// Which vCPUs have threads that are not over: while the machine is to stop, those that did not come out.
  var insiders: [Insider] {
    let areOver = areOver.withLock { $0 }
    let isShared = areOver.count < vcpus.count
    let turn = turn()
    return vcpus.indices.filter { !areOver[isShared ? 0 : $0] }.map { index in
      Insider(vcpu: index, thread: isShared ? 0 : index, isWaiting: isShared && turn != index)
    }
  }

  /// How long each thread was on a processor of the host; zero for one that is over.
  var threadNanoseconds: [UInt64] {
    threads.withLock { $0 }.map { $0.processorNanoseconds ?? 0 }
  }

  /// What is left of the vCPUs. Of those that are inside still, it is what other threads may read.
  func remains() -> [VCPURemains] {
    let inside = Dictionary(uniqueKeysWithValues: insiders.map { ($0.vcpu, $0) })
    return vcpus.enumerated().map { index, vcpu in
      if let insider = inside[index] { return VCPURemains(ofInsider: insider, vcpu) }
      var denied = vcpu.processor.denied
      denied.add(vcpu.denied.withLock { $0 })
      return VCPURemains(
        ending: vcpu.ending.withLock { $0 }, lastExits: vcpu.history.entries, exitCount: vcpu.history.total,
        assistance: vcpu.processor.assistance ?? AssistanceCount(), denied: denied)
    }
  }
}

/// A vCPU whose thread is not over.
struct Insider: Sendable, Equatable {
  /// The vCPU's number.
  var vcpu: Int
  /// Its thread's place among those of the machine.
  var thread: Int
  /// It shares its thread, and another vCPU has the turn.
  var isWaiting: Bool
}

/// What is left of a vCPU once its thread has ended.
struct VCPURemains: Sendable {
  var ending: Ending?
  var lastExits: [ExitRecord]
  var exitCount: UInt64
  /// What the software CPU did for it.
  var assistance = AssistanceCount()
  /// What its guest was denied.
  var denied = DeniedAccesses()
}

extension VCPURemains {
  /// What is known of a vCPU whose thread did not end. Its registers and which exits it made last are known
  /// to that thread alone.
  init(ofInsider insider: Insider, _ vcpu: VirtualCPU) {
    let failure =
      insider.isWaiting
      ? "another vCPU of its thread did not come back" : "the vCPU did not come back from its engine"
    self.init(
      ending: Ending(failure: failure, isCulprit: !insider.isWaiting), lastExits: [],
      exitCount: vcpu.history.total, denied: vcpu.denied.withLockIfAvailable { $0 } ?? DeniedAccesses())
  }
}
