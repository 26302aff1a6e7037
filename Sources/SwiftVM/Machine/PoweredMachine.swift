internal import Devices
internal import Engine
internal import Host
internal import Synchronization
internal import X86

/// A machine between power-on and power-off, whatever its engine. A reset makes a new one.
protocol PoweredMachine: AnyObject, Sendable {
  /// What its vCPUs share.
  var shared: SharedParts { get }
  /// Starts the vCPU threads.
  func start() throws(SystemError)
  /// Makes every vCPU look at the gate.
  func kickAll()
  /// The vCPUs, as far as the halt watch needs them.
  var haltCandidates: [any HaltCandidate] { get }
  /// What is left of the vCPUs, once their threads have ended.
  func remains() -> [VCPURemains]
}

/// What is left of a vCPU once its thread has ended.
struct VCPURemains: Sendable {
  var ending: Ending?
  var lastExits: [ExitRecord]
  var exitCount: UInt64
}

/// A machine on the engine `Engine`.
final class EngineMachine<Engine: MachineEngine>: PoweredMachine {
  let shared: SharedParts
  private let engine: Engine
  private let vcpus: [VirtualCPU<Engine.VirtualProcessor>]
  private let threads = Mutex<[HostThread]>([])

  private let onLastLeft: @Sendable () -> Void

  /// - Parameter onLastLeft: called on the last vCPU thread when it is about to end.
  init(
    engine: Engine, processors: [Engine.VirtualProcessor], shared: SharedParts,
    onLastLeft: @escaping @Sendable () -> Void
  ) {
    self.engine = engine
    self.onLastLeft = onLastLeft
    self.shared = shared
    vcpus = processors.map { VirtualCPU(processor: $0, machine: shared) }
  }

  func start() throws(SystemError) {
    var started: [HostThread] = []
    for vcpu in vcpus {
      let (gate, onLastLeft) = (shared.gate, onLastLeft)
      // 256 KiB of stack: the loop is shallow, and untouched pages cost nothing.
      let thread = try HostThread.start(name: "vcpu\(vcpu.processor.index)", stackByteCount: 256 << 10) {
        vcpu.run()
        if gate.leave() { onLastLeft() }
      }
      started.append(thread)
    }
    threads.withLock { $0 = started }
  }

  func kickAll() {
    for vcpu in vcpus { vcpu.processor.kick() }
  }

  var haltCandidates: [any HaltCandidate] { vcpus }

  func remains() -> [VCPURemains] {
    vcpus.map { vcpu in
      VCPURemains(
        ending: vcpu.ending.withLock { $0 }, lastExits: vcpu.history.entries, exitCount: vcpu.history.total)
    }
  }
}
