public import Boot
internal import X86

extension VirtualMachine {
  /// What the image is, where its parts would go and in which state it would start: text for people.
  ///
  /// - Parameter instructionCount: how many instructions from the entry point on to list as well.
  /// - Throws: `StartError.image`.
  public func inspection(instructionCount: Int = 0) throws(StartError) -> String {
    // Which engine would run it is not known here.
    let plan = try makePlan(kernelUnpacking: configuration.kernelUnpacking == .vmm ? .byVMM : .byGuest)
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
    if instructionCount > 0 {
      lines += ["", "code at the entry point"]
      lines += try Self.disassembly(plan, count: instructionCount)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The first instructions of the image, at the addresses that its instruction pointer will have.
  private static func disassembly(_ plan: BootPlan, count: Int) throws(StartError) -> [String] {
    let byteCount = count.multipliedReportingOverflow(by: InstructionBytes.maximumCount)
    // More than any image has code; it bounds what is read.
    let wanted = byteCount.overflow ? maximumDisassembly : min(byteCount.partialValue, maximumDisassembly)
    let code: [UInt8]
    do throws(BootError) {
      code = try plan.content(at: plan.entryPoint, count: wanted)
    } catch {
      throw .image(error.description)
    }
    return Disassembly(code, at: plan.entry.rip, CodeSize(plan.entry), limit: count).lines.map(\.description)
  }

  private static let maximumDisassembly = 64 << 20
}

extension PlannedSegment {
  /// The segment in one line.
  public var line: String {
    let size = String(memoryByteCount)
    var line = "\(hex(address.rawValue, digits: 12))–\(hex(lastAddress.rawValue, digits: 12))"
    line += String(repeating: " ", count: max(1, 12 - size.count)) + size + "  \(name)"
    if let fileOffset {
      line +=
        ", \(fileByteCount) bytes from offset \(fileOffset) of \(isUnpacked ? "what was unpacked" : "the file")"
    }
    return line
  }
}
