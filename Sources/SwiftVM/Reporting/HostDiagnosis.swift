internal import Engine
internal import KVMEngine
internal import SoftwareEngine

/// What `swiftvm doctor` says of this host.
public struct HostDiagnosis: Sendable {
  private let check: HostCheck
  /// Nanoseconds per iteration of a two-instruction loop with KVM, in ring 0 and in ring 3.
  private let ring0LoopNanoseconds: Double?
  private let ring3LoopNanoseconds: Double?
  /// The same on the software engine, where the ring makes no difference.
  private let softwareLoopNanoseconds: Double?
  /// Why the software engine cannot be used: no memory for it, most likely.
  private let softwareObstacle: String?

  /// Looks at the KVM at `path` and at the software engine; takes some milliseconds.
  public init(path: String = "/dev/kvm") {
    check = HostCheck(path: path)
    if check.isUsable {
      // A loop in ring 0 is kept short: at a microsecond an iteration it has to stay in milliseconds.
      ring0LoopNanoseconds = Self.measureKVM(path, ring: 0, iterations: 1000)
      ring3LoopNanoseconds = Self.measureKVM(path, ring: 3, iterations: 1_000_000)
    } else {
      (ring0LoopNanoseconds, ring3LoopNanoseconds) = (nil, nil)
    }
    do throws(EngineError) {
      softwareLoopNanoseconds = try LoopSpeed.measure(
        SoftwareMachine(processorCount: 1), ring: 0, iterations: 100_000)
      softwareObstacle = nil
    } catch {
      (softwareLoopNanoseconds, softwareObstacle) = (nil, error.description)
    }
  }

  private static func measureKVM(_ path: String, ring: UInt8, iterations: UInt32) -> Double? {
    do throws(EngineError) {
      return try LoopSpeed.measure(HardwareEngine(path: path), ring: ring, iterations: iterations)
    } catch {
      return nil
    }
  }

  /// Whether machines can run with KVM. In software they run everywhere.
  public var isUsable: Bool { check.isUsable }

  /// Whether KVM runs ring 0 by an emulator, instruction by instruction: nested KVM without hardware
  /// nesting.
  private var isRing0Emulated: Bool? {
    // A loop iteration takes about a nanosecond natively and about two microseconds emulated.
    ring0LoopNanoseconds.map { $0 > 100 }
  }

  /// The findings for people.
  public var text: String {
    var lines: [String] = []
    if let obstacle = check.obstacle {
      lines.append("KVM: not usable. \(obstacle)")
      lines.append(
        "     machines run in software instead, with a note; with --engine kvm they end with status 69")
    } else {
      lines.append("KVM: \(check.path) is usable")
    }
    if let version = check.apiVersion { lines.append("interface version: \(version)") }
    if !check.capabilities.isEmpty {
      lines.append(
        "limits: \(check.maximumCPUCount) vCPUs per machine (\(check.recommendedCPUCount) recommended), "
          + "\(check.memorySlotCount) memory slots")
    }
    if let speed = ring0LoopNanoseconds { lines.append("ring 0: \(Self.speed(speed))\(Self.how(speed))") }
    if let speed = ring3LoopNanoseconds { lines.append("ring 3: \(Self.speed(speed))\(Self.how(speed))") }
    if isRing0Emulated == true {
      lines.append(
        "        KVM emulates kernels here, slowly, and lacks instructions that they use; user code is fast"
      )
      lines.append(
        "        the software CPU helps where KVM fails or is slow; \(Self.suggestion) lets it run the whole kernel,"
      )
      lines.append("        which Linux needs here; --engine software does without KVM")
    }
    if let softwareObstacle { lines.append("software engine: not usable. \(softwareObstacle)") }
    if let speed = softwareLoopNanoseconds {
      lines.append("software engine (--engine software): usable")
      lines.append("any ring: \(Self.speed(speed)), in software")
    }
    if !check.capabilities.isEmpty { lines.append("capabilities in use:") }
    for capability in check.capabilities {
      let mark = capability.isPresent ? "yes" : (capability.isRequired ? "MISSING" : "no")
      lines.append(
        "  \(Self.padded(capability.name, 28)) \(Self.padded(mark, 8)) \(capability.purpose)")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The findings for scripts.
  public var json: JSONValue {
    .object([
      ("usable", .bool(check.isUsable)),
      ("path", .string(check.path)),
      ("obstacle", check.obstacle.map { .string($0) } ?? .null),
      ("apiVersion", check.apiVersion.map { .number(Int64($0)) } ?? .null),
      ("recommendedCPUs", .number(Int64(check.recommendedCPUCount))),
      ("maximumCPUs", .number(Int64(check.maximumCPUCount))),
      ("memorySlots", .number(Int64(check.memorySlotCount))),
      ("ring0Emulated", isRing0Emulated.map { .bool($0) } ?? .null),
      ("ring0LoopPicoseconds", Self.picoseconds(ring0LoopNanoseconds)),
      ("ring3LoopPicoseconds", Self.picoseconds(ring3LoopNanoseconds)),
      ("suggestedAssist", isRing0Emulated.map { .string($0 ? "ring0" : "auto") } ?? .null),
      ("softwareUsable", .bool(softwareObstacle == nil)),
      ("softwareLoopPicoseconds", Self.picoseconds(softwareLoopNanoseconds)),
      (
        "capabilities",
        .array(
          check.capabilities.map { capability in
            .object([
              ("name", .string(capability.name)), ("present", .bool(capability.isPresent)),
              ("required", .bool(capability.isRequired)), ("value", .number(Int64(capability.value))),
            ])
          })
      ),
    ])
  }

  /// What suits a host whose KVM emulates ring 0.
  private static let suggestion = "--assist ring0"

  private static func speed(_ nanoseconds: Double) -> String {
    let tenths = Int((nanoseconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) ns for an iteration of a two-instruction loop"
  }

  private static func how(_ nanoseconds: Double) -> String { nanoseconds > 100 ? ", emulated" : ", native" }

  private static func picoseconds(_ nanoseconds: Double?) -> JSONValue {
    nanoseconds.map { .number(Int64($0 * 1000)) } ?? .null
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }
}
