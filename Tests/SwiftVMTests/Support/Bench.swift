import Devices
import Engine
import GuestMemory
import Host
import Testing
import X86

@testable import SwiftVM

/// A device that writes down what it is asked, and answers reads with a fixed number.
final class RecordingDevice: IODevice {
  struct Access: Equatable {
    var offset: UInt64
    var width: Int
    /// Nil for a read.
    var written: UInt64?
  }
  let name = "recorder"
  private let answer: UInt64
  private let list = Lock<[Access]>([])

  init(answer: UInt64 = 0) { self.answer = answer }

  var accesses: [Access] { list.withLock { $0 } }

  func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    list.withLock { $0.append(Access(offset: offset, width: width.byteCount)) }
    return answer
  }

  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    list.withLock { $0.append(Access(offset: offset, width: width.byteCount, written: value)) }
  }
}

/// A run loop on a scripted processor, with a recorder at ports 0x100…0x10f and at memory
/// 0xD000_0000…0xD000_00FF, and the exit port at 0xf4.
struct Bench {
  let processor: ScriptedProcessor
  let port = RecordingDevice(answer: 0x1122_3344_5566_7788)
  let memory = RecordingDevice(answer: 0x99AA_BBCC_DDEE_FF00)
  let gate: VCPUGate
  let control: StopControl
  let shared: SharedParts
  let vcpu: VirtualCPU

  /// - Parameters:
  ///   - local: the vCPU's interrupt controller; nil where it is the engine's.
  ///   - index: the vCPU's number, of `vcpuCount`; the others do not exist, and never sleep.
  let interrupts = RecordedInterrupts()

  init(
    _ steps: [ScriptedProcessor.Step], savedState: Result<CPUState, EngineError> = .success(CPUState()),
    local: FakeLocalController? = nil, index: Int = 0, vcpuCount: Int = 1
  ) throws {
    let processor = ScriptedProcessor(index: index, steps, savedState: savedState)
    self.processor = processor
    gate = VCPUGate(vcpuCount: vcpuCount)
    control = StopControl(gate: gate) { processor.kick() }
    let ports = try Bus(
      kind: .ports,
      attachments: [
        BusAttachment(base: 0x100, byteCount: 16, device: port),
        BusAttachment(base: 0xF4, byteCount: ExitPort.portCount, device: ExitPort(machine: control)),
      ])
    let space = try Bus(
      kind: .memory, attachments: [BusAttachment(base: 0xD000_0000, byteCount: 256, device: memory)])
    shared = SharedParts(
      ports: ports, memory: [space],
      localControllers: local.map { Array(repeating: $0, count: vcpuCount) } ?? [],
      interrupts: interrupts, gate: gate, control: control,
      guestMemory: try GuestMemory(pcWithByteCount: 1 << 20), post: POSTPort())
    vcpu = VirtualCPU(processor: processor, machine: shared)
  }

  /// A vCPU of two, the other of which does not exist.
  static func pair(
    _ steps: [ScriptedProcessor.Step], _ local: FakeLocalController, index: Int = 0,
    savedState: CPUState = CPUState()
  ) throws -> Bench {
    try Bench(steps, savedState: .success(savedState), local: local, index: index, vcpuCount: 2)
  }

  /// Runs the loop on this thread until it ends; the script must bring that about.
  func run() { vcpu.run(processor) }

  /// Runs the loop on a thread of its own, as a machine does.
  func start() throws -> HostThread {
    let (vcpu, processor, gate) = (vcpu, processor, gate)
    return try HostThread.start(name: "test-vcpu") {
      vcpu.run(processor)
      _ = gate.leave()
    }
  }

  var reason: StopReason? { control.stopped?.reason }
  var ending: Ending? { vcpu.ending.withLock { $0 } }
  var kinds: [ExitKind] { vcpu.history.entries.map(\.kind) }
}

/// Waits for something that another thread brings about. The limit is no measure of speed: it only
/// ends a test that would hang.
func eventually(_ condition: () -> Bool) -> Bool {
  for _ in 0..<30_000 {
    if condition() { return true }
    pause(nanoseconds: 1_000_000)
  }
  return condition()
}
