internal import X86

extension CrashReport {
  /// The report for people: lines of at most 100 columns.
  public var text: String {
    var lines: [String] = []
    for vcpu in vcpus.sorted(by: { $0.isCulprit && !$1.isCulprit }) { lines += vcpu.lines }
    if !failedInstruction.isEmpty {
      let text = failedInstructionText.map { " (\($0))" } ?? ""
      lines.append("instruction that could not be carried out: \(hexBytes(failedInstruction))\(text)")
    }
    if let postCode { lines.append("last code on the POST port: \(hex(postCode, digits: 2))") }
    if unclaimedAccesses > 0 {
      lines.append("accesses to ports or memory that no device claims: \(unclaimedAccesses)")
    }
    if let assistance { lines.append(assistance) }
    lines += hints.map { "hint: \($0)" }
    return lines.map { $0 + "\n" }.joined()
  }
}

extension CrashReport.VCPU {
  /// The report on this vCPU.
  var lines: [String] {
    var lines = ["--- vCPU \(index) ---"]
    if let failure { lines.append("its registers could not be read: \(failure)") }
    if let state {
      lines += CPUStateDescription(state).lines
      if !code.isEmpty { lines.append("code at RIP: \(hexBytes(code))") }
      lines += instructions.map { "  \($0.description)" }
      for walk in walks { lines += walk.lines }
    }
    if exits.isEmpty && exitCount > 0 {
      lines.append("it made \(exitCount) exits")
    } else if exits.isEmpty {
      lines.append("no exits: the guest never reached a device")
    } else {
      lines.append("last \(exits.count) of \(exitCount) exits, oldest first:")
      lines += exits.map { "  " + $0.line }
    }
    return lines
  }
}

extension CrashReport.Walk {
  var lines: [String] {
    let title = "page walk of \(name) \(hex(address, digits: 16))"
    switch result {
    case .success(let translation):
      let where_ = "guest-physical \(hex(translation.physicalAddress))"
      let note = isOutsideMemory ? ", where there is no RAM" : ""
      return ["\(title): \(where_)\(note)"] + Self.indented(translation.path)
    case .failure(let failure):
      return ["\(title): \(failure.description)"] + Self.indented(failure.path)
    }
  }

  private static func indented(_ path: PageTablePath) -> [String] {
    path.isEmpty ? [] : path.description.split(separator: "\n").map { "  \($0)" }
  }
}

extension CrashReport.Exit {
  var line: String {
    guard width > 0 else { return address == 0 ? kind : "\(kind) \(hex(address))" }
    let times = count > 1 ? " × \(count)" : ""
    let digits = kind == "port" ? 4 : 9
    return "\(kind) \(isWrite ? "write" : "read ") \(hex(address, digits: digits)) \(width) byte"
      + "\(width > 1 ? "s" : " ")\(times) \(isWrite ? "←" : "→") \(hex(value, digits: width * 2))"
  }
}
