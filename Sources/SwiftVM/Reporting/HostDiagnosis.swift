internal import KVMEngine

/// What `swiftvm doctor` says of this host.
public struct HostDiagnosis: Sendable {
  private let check: HostCheck

  /// Looks at the KVM at `path`; takes some milliseconds.
  public init(path: String = "/dev/kvm") { check = HostCheck(path: path) }

  /// Whether machines can run with KVM.
  public var isUsable: Bool { check.isUsable }

  /// The findings for people.
  public var text: String {
    var lines: [String] = []
    if let obstacle = check.obstacle {
      lines.append("KVM: not usable. \(obstacle)")
    } else {
      lines.append("KVM: \(check.path) is usable")
    }
    if let version = check.apiVersion { lines.append("interface version: \(version)") }
    if !check.capabilities.isEmpty {
      lines.append(
        "limits: \(check.maximumCPUCount) vCPUs per machine (\(check.recommendedCPUCount) recommended), "
          + "\(check.memorySlotCount) memory slots")
    }
    if let speed = check.ring0LoopNanoseconds { lines.append("ring 0: \(Self.speed(speed))") }
    if let speed = check.ring3LoopNanoseconds { lines.append("ring 3: \(Self.speed(speed))") }
    if check.isRing0Emulated == true {
      lines.append(
        "        kernels run slowly here and may meet instructions that the emulator lacks; user code is fast"
      )
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
      ("ring0Emulated", check.isRing0Emulated.map { .bool($0) } ?? .null),
      ("ring0LoopPicoseconds", Self.picoseconds(check.ring0LoopNanoseconds)),
      ("ring3LoopPicoseconds", Self.picoseconds(check.ring3LoopNanoseconds)),
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

  private static func speed(_ nanoseconds: Double) -> String {
    let tenths = Int((nanoseconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) ns for an iteration of a two-instruction loop, "
      + (nanoseconds > 100 ? "emulated" : "native")
  }

  private static func picoseconds(_ nanoseconds: Double?) -> JSONValue {
    nanoseconds.map { .number(Int64($0 * 1000)) } ?? .null
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }
}
