public import Boot
internal import X86

extension VirtualMachine {
  /// What the image is, where its parts would go and in which state it would start: text for people.
  ///
  /// - Throws: `StartError.image`.
  public func inspection() throws(StartError) -> String {
    let plan = try makePlan()
    var lines = ["\(plan.format): \(plan.reason)", ""]
    lines.append("guest-physical range                     bytes  what")
    lines += plan.segments.map(\.line)
    lines += ["", "memory map"]
    lines += plan.memoryMap.entries.map { entry in
      "\(hex(entry.address, digits: 12))–\(hex(entry.end &- 1, digits: 12))  \(entry.kind)"
    }
    if !plan.notes.isEmpty { lines += [""] + plan.notes.map { "note: \($0)" } }
    lines += ["", "entry at \(plan.entryPoint) in \(plan.entry.mode.rawValue) mode"]
    lines += CPUStateDescription(plan.entry).lines
    return lines.map { $0 + "\n" }.joined()
  }
}

extension PlannedSegment {
  /// The segment in one line.
  public var line: String {
    let size = String(memoryByteCount)
    var line = "\(hex(address.rawValue, digits: 12))–\(hex(lastAddress.rawValue, digits: 12))"
    line += String(repeating: " ", count: max(1, 12 - size.count)) + size + "  \(name)"
    if let fileOffset { line += ", \(fileByteCount) bytes from offset \(fileOffset) of the file" }
    return line
  }
}
