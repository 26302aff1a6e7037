internal import Boot
internal import Engine
internal import GuestMemory
internal import KVMEngine
internal import SoftwareEngine
internal import X86

/// A whole guest on KVM and on the software engine at once: KVM executes one instruction, the engine
/// the same, and all registers are compared.
final class LockstepSession {
  private let hardware: HardwareProcessor
  private let software: SoftwareProcessor
  private let machines: (HardwareEngine, SoftwareMachine)
  private let memories: (hardware: GuestMemory, software: GuestMemory)
  /// How many instructions were compared.
  private(set) var count: UInt64 = 0
  /// How many of them gave what is each machine's own, which was then made equal.
  private(set) var excusedCount: UInt64 = 0
  private var devices = PretendDevices()
  /// How often KVM left for a device during the last step.
  private var exitCount = 0

  /// Loads an image into two machines of 16 MiB.
  init(image: [UInt8], name: String, mode: BootRequest.Mode?) throws(OracleError) {
    do {
      let byteCount: UInt64 = 16 << 20
      memories = (try GuestMemory(pcWithByteCount: byteCount), try GuestMemory(pcWithByteCount: byteCount))
      let request = BootRequest(
        image: BytesImage(image, name: name), memory: PCMemoryLayout(byteCount: byteCount), mode: mode)
      let plan = try BootPlan(request)
      try plan.place(into: memories.hardware)
      try plan.place(into: memories.software)
      machines = (try HardwareEngine(), SoftwareMachine(processorCount: 1))
      try machines.0.map(memories.hardware)
      try machines.0.prepareInterrupts(.software)
      hardware = try machines.0.makeProcessor(index: 0)
      try machines.0.finishSetup([hardware])
      hardware.bindToCurrentThread()
      try hardware.loadState(plan.entry)
      try machines.1.map(memories.software)
      try machines.1.prepareInterrupts(.software)
      software = try machines.1.makeProcessor(index: 0)
      // What KVM makes of the state, its own registers included.
      try software.loadState(try hardware.saveState())
      try hardware.setSingleStep()
    } catch {
      throw .environment("Cannot make two machines for \(name): \(error)")
    }
  }

  /// Why a run ended.
  enum Ending {
    /// The guest is at its end, or waits for ever.
    case finished(String)
    /// As many instructions as were wanted are done.
    case limit
    /// The engines disagree.
    case difference(String)
  }

  /// Executes at most `limit` instructions on both.
  func run(atMost limit: UInt64) throws(OracleError) -> Ending {
    do throws(EngineError) {
      while count < limit {
        let before = try software.saveState()
        let instruction = software.nextInstruction
        let isRepeated =
          instruction.map {
            $0.operation.isString && !$0.prefixes.isDisjoint(with: [.repeatEqual, .repeatNotEqual])
          } ?? false
        devices.begin()
        if let end = try stepHardware(at: before.rip, isRepeated: isRepeated) { return .finished(end) }
        devices.rewind()
        if let end = stepSoftware(at: before.rip, isRepeated: isRepeated) {
          // KVM says so one step later.
          if instruction?.operation == .hlt { return .finished("it halted") }
          return .difference(describe(instruction, before) + "\n  the engine leaves with \(end)")
        }
        count += 1
        let expected = try hardware.saveState()
        // KVM does not stop right behind an instruction that left for a device or raised an exception, nor
        // in ring 3 where that runs on the CPU itself. Where it stopped at last the engine must come by.
        let reach = exitCount + (isUserCode ? Self.userReach : 2)
        for _ in 0..<reach where !hasReached(expected) {
          if let end = stepSoftware(at: software.nextRIP, isRepeated: false) {
            return .difference(
              describe(instruction, before)
                + "\n  the engine leaves with \(end) and did not come by \(hexadecimal(expected.rip))")
          }
          count += 1
        }
        var found = try software.saveState()
        if let instruction, adopt(&found, expected, instruction.flagsUndefined) {
          excusedCount += 1
          try software.loadState(found)
        }
        if let text = Self.difference(expected, found) {
          guard let instruction, Self.isOwn(instruction) else {
            return .difference(describe(instruction, before) + "\n" + text)
          }
          excusedCount += 1
          try software.loadState(expected)
        }
        if devices.hasEnded { return .finished("it wrote to the exit port") }
      }
    } catch {
      throw .environment("The guest cannot be run: \(error)")
    }
    return .limit
  }

  /// Takes the flags that are undefined after an instruction as KVM has them, so that they do not differ from
  /// here on. KVM's emulator need not do with them what the CPU does. False: they were the same.
  private func adopt(_ found: inout CPUState, _ expected: CPUState, _ undefined: RFLAGS) -> Bool {
    let different = (found.rflags.rawValue ^ expected.rflags.rawValue) & undefined.rawValue
    if different == 0 { return false }
    found.rflags = RFLAGS(rawValue: found.rflags.rawValue ^ different)
    return true
  }

  /// How far the engine may have to go to catch up with a KVM that does not stop in ring 3.
  private static let userReach = 1_000_000

  private var isUserCode: Bool { software.privilegeLevel == 3 }

  private func hasReached(_ state: CPUState) -> Bool {
    guard software.nextRIP == state.rip else { return false }
    // By CS: SS may be null in ring 0.
    return !state.cr0.contains(.protectionEnable) || UInt16(software.privilegeLevel) == state.cs.selector & 3
  }

  /// One instruction on KVM. Returns why there is no next one.
  private func stepHardware(at rip: UInt64, isRepeated: Bool) throws(EngineError) -> String? {
    exitCount = 0
    for _ in 0..<1_000_000 {
      switch try hardware.run() {
      case .debug:
        if isRepeated, try hardware.saveState().rip == rip { continue }
        return nil
      case .portIO(let access):
        exitCount += 1
        devices.answer(access)
      case .mmio(let access):
        exitCount += 1
        devices.answer(access)
      case .interrupted: continue
      case .halt: return "it halted"
      case .shutdown: return "triple fault"
      case let exit: return "KVM leaves with \(exit)"
      }
      // The write to the exit port need not be followed by anything.
      if devices.hasEnded { return "it wrote to the exit port" }
    }
    return "it repeats one instruction"
  }

  /// The same instruction in software. Returns an exit that KVM did not have.
  private func stepSoftware(at rip: UInt64, isRepeated: Bool) -> String? {
    for _ in 0..<1_000_000 {
      switch software.step() {
      case nil:
        if isRepeated, software.nextRIP == rip { continue }
        return nil
      case .portIO(let access): devices.answer(access)
      case .mmio(let access): devices.answer(access)
      // KVM keeps the task priority to itself.
      case .taskPriorityLowered: return nil
      case let exit?: return "\(exit)"
      }
    }
    return nil
  }

  /// Instructions whose results are each machine's own: identification, counters, interrupt flags of
  /// descriptors in memory.
  private static func isOwn(_ instruction: Instruction) -> Bool {
    switch instruction.operation {
    case .cpuid, .rdtsc, .rdtscp, .rdmsr, .rdpmc, .rdrand, .rdseed: true
    default: false
    }
  }

  private func describe(_ instruction: Instruction?, _ state: CPUState) -> String {
    let size = CodeSize(state)
    let text =
      instruction.map { InstructionFormatter(size).text($0, at: state.rip) }
      ?? "an instruction that does not decode"
    return "after \(count) instructions, at \(hexadecimal(state.rip)): \(text)"
  }

  /// What of two states differs, as lines; nil where nothing does. Flags that are undefined after some
  /// instructions, AF above all, do not count.
  private static func difference(_ kvm: CPUState, _ engine: CPUState) -> String? {
    var lines: [String] = []
    func check(_ name: String, _ left: UInt64, _ right: UInt64) {
      if left != right { lines.append("  \(name): KVM \(hexadecimal(left)) engine \(hexadecimal(right))") }
    }
    for number in 0..<16 { check("general register \(number)", kvm.general[number], engine.general[number]) }
    check("RIP", kvm.rip, engine.rip)
    let ignored: UInt64 = RFLAGS([.resume, .trap, .adjust]).rawValue
    check("RFLAGS", kvm.rflags.rawValue & ~ignored, engine.rflags.rawValue & ~ignored)
    check("CR0", kvm.cr0.rawValue, engine.cr0.rawValue)
    check("CR2", kvm.cr2, engine.cr2)
    check("CR3", kvm.cr3.rawValue, engine.cr3.rawValue)
    check("CR4", kvm.cr4.rawValue, engine.cr4.rawValue)
    check("EFER", kvm.efer.rawValue, engine.efer.rawValue)
    let segments: [(String, Segment, Segment)] = [
      ("CS", kvm.cs, engine.cs), ("SS", kvm.ss, engine.ss), ("DS", kvm.ds, engine.ds),
      ("ES", kvm.es, engine.es),
      ("FS", kvm.fs, engine.fs), ("GS", kvm.gs, engine.gs), ("TR", kvm.tr, engine.tr),
    ]
    for (name, left, right) in segments {
      // A return to ring 3 leaves no data segments of ring 0 behind (SDM Vol. 2, "IRET"); KVM's emulator
      // forgets that.
      if kvm.efer.contains(.longModeActive), right.selector & ~3 == 0, left.privilegeLevel == 0 { continue }
      check("\(name) selector", UInt64(left.selector), UInt64(right.selector))
      // What is behind a null selector is nothing.
      if kvm.cr0.contains(.protectionEnable), left.selector & ~3 == 0 { continue }
      check("\(name) base", left.base, right.base)
      check("\(name) limit", UInt64(left.limit), UInt64(right.limit))
    }
    check("GDTR base", kvm.gdt.base, engine.gdt.base)
    check("IDTR base", kvm.idt.base, engine.idt.base)
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}
