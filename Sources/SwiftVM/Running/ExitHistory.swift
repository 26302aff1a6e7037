internal import Engine
internal import Synchronization

/// What an entry of the exit history was.
enum ExitKind: UInt8, Sendable {
  case portIO = 0
  case mmio, halt, shutdown, debug, hypercall, systemEvent, interruptWindow, failedEntry
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

  /// What is kept of an exit: the words that the access came in, made readable when somebody asks.
  private struct Entry {
    /// As `PortAccess.parts`, with the kind in bits 7…1 and no port where the exit has none.
    var parts: UInt64 = 0
    var address: UInt64 = 0
    var value: UInt64 = 0
  }

  private var ring = InlineArray<16, Entry>(repeating: Entry())
  private let count = Atomic<UInt64>(0)

  /// How many exits there were, `.interrupted` not counted.
  var total: UInt64 { count.load(ordering: .relaxed) }

  /// The exits kept, oldest first.
  var entries: [ExitRecord] {
    let total = total
    let kept = min(total, UInt64(Self.capacity))
    return (0..<kept).map { Self.record(of: ring[Int((total - kept + $0) % UInt64(Self.capacity))]) }
  }

  private static func record(of entry: Entry) -> ExitRecord {
    ExitRecord(
      kind: ExitKind(rawValue: UInt8(truncatingIfNeeded: entry.parts) >> 1) ?? .unknown,
      direction: entry.parts & 1 != 0 ? .write : .read,
      width: UInt8(truncatingIfNeeded: entry.parts >> 8),
      count: UInt32(truncatingIfNeeded: entry.parts >> 32),
      address: entry.address, value: entry.value)
  }

  /// Keeps a port access: `.portIO` is kind 0, so its parts are the entry's.
  @inline(__always)
  func record(_ access: PortAccess, value: UInt64) {
    append(Entry(parts: access.parts, address: UInt64(access.port), value: value))
  }

  /// Keeps a memory access.
  @inline(__always)
  func record(_ access: MMIOAccess, value: UInt64) {
    let parts = Self.parts(.mmio) | UInt64(access.width) << 8 | UInt64(access.direction.rawValue)
    append(Entry(parts: parts, address: access.address, value: value))
  }

  /// Keeps another exit.
  func record(_ kind: ExitKind, detail: UInt64 = 0) {
    append(Entry(parts: Self.parts(kind), address: detail, value: 0))
  }

  @inline(__always)
  private static func parts(_ kind: ExitKind) -> UInt64 { UInt64(kind.rawValue) << 1 | 1 << 32 }

  @inline(__always)
  private func append(_ entry: Entry) {
    // Not an atomic addition: only this thread writes.
    let number = count.load(ordering: .relaxed)
    ring[Int(truncatingIfNeeded: number) & (Self.capacity - 1)] = entry
    count.store(number &+ 1, ordering: .relaxed)
  }
}
