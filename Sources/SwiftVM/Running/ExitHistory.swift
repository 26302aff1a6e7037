internal import Engine
internal import Synchronization

/// What an entry of the exit history was.
enum ExitKind: UInt8, Sendable {
  case portIO, mmio, halt, shutdown, debug, hypercall, systemEvent, interruptWindow, failedEntry
  case emulationFailure, taskPriority, readRegister, writeRegister, unknown

  /// The name that the crash report and its JSON form use.
  var name: String {
    switch self {
    case .portIO: "port"
    case .mmio: "memory"
    case .halt: "halt"
    case .shutdown: "shutdown"
    case .debug: "debug"
    case .hypercall: "hypercall"
    case .systemEvent: "system-event"
    case .interruptWindow: "interrupt-window"
    case .failedEntry: "failed-entry"
    case .emulationFailure: "emulation-failure"
    case .taskPriority: "task-priority"
    case .readRegister: "read-register"
    case .writeRegister: "write-register"
    case .unknown: "unknown"
    }
  }
}

/// One exit, as far as a reader of a crash report wants to know it.
struct ExitRecord: Sendable {
  var kind: ExitKind
  var direction: AccessDirection
  var width: UInt8
  /// Items of a string instruction; one for all else.
  var count: UInt32
  /// Port, guest-physical address, or the detail of another exit.
  var address: UInt64
  /// The first item's value: what was written, or what the device answered.
  var value: UInt64
}

/// The last 16 exits of one vCPU and the number of all: a ring without allocation.
///
/// Only the vCPU's thread writes. Others read the count at any time, and the ring once that thread
/// has ended.
final class ExitHistory: @unchecked Sendable {
  // @unchecked: see above; `gate` orders the last write before the first foreign read.

  static let capacity = 16

  private var ring = InlineArray<16, ExitRecord>(
    repeating: ExitRecord(kind: .unknown, direction: .read, width: 0, count: 0, address: 0, value: 0))
  private var next: UInt64 = 0
  private let published = Atomic<UInt64>(0)

  /// How many exits there were, `.interrupted` not counted.
  var total: UInt64 { published.load(ordering: .relaxed) }

  /// The exits kept, oldest first.
  var entries: [ExitRecord] {
    let count = min(next, UInt64(Self.capacity))
    return (0..<count).map { ring[Int((next - count + $0) % UInt64(Self.capacity))] }
  }

  @inline(__always)
  func record(_ access: PortAccess, value: UInt64) {
    append(
      ExitRecord(
        kind: .portIO, direction: access.direction, width: access.width, count: access.count,
        address: UInt64(access.port), value: value))
  }

  @inline(__always)
  func record(_ access: MMIOAccess, value: UInt64) {
    append(
      ExitRecord(
        kind: .mmio, direction: access.direction, width: access.width, count: 1,
        address: access.address, value: value))
  }

  func record(_ kind: ExitKind, detail: UInt64 = 0) {
    append(ExitRecord(kind: kind, direction: .read, width: 0, count: 1, address: detail, value: 0))
  }

  @inline(__always)
  private func append(_ record: ExitRecord) {
    ring[Int(truncatingIfNeeded: next) & (Self.capacity - 1)] = record
    next &+= 1
    published.store(next, ordering: .relaxed)
  }
}
