/// The registers of a CPU as a crash report prints them: aligned lines of at most 100 characters,
/// numbers in hexadecimal without `0x` where they stand in columns, bits by the manual's names.
public struct CPUStateDescription: Sendable {
  /// The lines, without line ends.
  public private(set) var lines: [String] = []

  /// The widest line there is.
  public static let width = 100

  /// Describes `state`.
  ///
  /// - Parameters:
  ///   - state: the registers.
  ///   - includesModelSpecific: also print the model-specific registers, one to a line, leaving out
  ///     those that are zero.
  public init(_ state: CPUState, includesModelSpecific: Bool = false) {
    addExecution(state)
    addSegments(state)
    addControlRegisters(state)
    addDebugRegisters(state.debug)
    addExtendedState(state.extended)
    for event in state.events.descriptions { addWrapped("event   ", event) }
    if includesModelSpecific { addModelSpecific(state.modelSpecific) }
  }

  /// Mode, instruction pointer, flags and general registers.
  private mutating func addExecution(_ state: CPUState) {
    lines.append("\(state.mode), CPL \(state.privilegeLevel), \(state.activity)")
    var pointer = "rip     \(Self.wide(state.rip))"
    if state.mode != .long, state.linearInstructionPointer != state.rip {
      pointer += "  linear \(hex(state.linearInstructionPointer))"
    }
    lines.append(pointer)
    // Bit 1 is always set, and IOPL is a number.
    let flags = RFLAGS(rawValue: state.rflags.rawValue & ~0x3002)
    let names = flags.setBitNames + ["IOPL \(state.rflags.ioPrivilegeLevel)"]
    addWrapped("rflags  \(Self.wide(state.rflags.rawValue))  ", names.joined(separator: " "))
    let general = state.general
    addRow([("rax", general.rax), ("rbx", general.rbx), ("rcx", general.rcx), ("rdx", general.rdx)])
    addRow([("rsi", general.rsi), ("rdi", general.rdi), ("rbp", general.rbp), ("rsp", general.rsp)])
    addRow([("r8 ", general.r8), ("r9 ", general.r9), ("r10", general.r10), ("r11", general.r11)])
    addRow([("r12", general.r12), ("r13", general.r13), ("r14", general.r14), ("r15", general.r15)])
  }

  /// Segments and descriptor tables.
  private mutating func addSegments(_ state: CPUState) {
    let segments: [(String, Segment)] = [
      ("cs", state.cs), ("ss", state.ss), ("ds", state.ds), ("es", state.es), ("fs", state.fs),
      ("gs", state.gs),
      ("tr", state.tr), ("ldt", state.ldt),
    ]
    for (name, segment) in segments {
      addWrapped(Self.padded(name, 4) + segment.columns, segment.attributes.description)
    }
    lines.append("gdt \(state.gdt)")
    lines.append("idt \(state.idt)")
  }

  /// Control registers, with the bits that are set.
  private mutating func addControlRegisters(_ state: CPUState) {
    addBits("cr0", state.cr0)
    lines.append("cr2     \(Self.wide(state.cr2))")
    let paging = PagingMode(state)
    let root = PageTableWalker(state).root
    let tables = paging == .none ? "no paging" : "\(paging), top table at \(hex(root))"
    lines.append("cr3     \(Self.wide(state.cr3.rawValue))  \(tables)")
    addBits("cr4", state.cr4)
    lines.append("cr8     \(Self.wide(state.cr8))")
    addBits("efer", state.efer)
    addBits("xcr0", state.xcr0)
    lines.append("apic    \(Self.wide(state.apicBase))  \(Self.localAPIC(state.apicBase))")
  }

  /// Debug registers, with the breakpoints that are on.
  private mutating func addDebugRegisters(_ debug: DebugRegisters) {
    addRow([("dr0", debug.dr0), ("dr1", debug.dr1), ("dr2", debug.dr2), ("dr3", debug.dr3)])
    let conditions = debug.conditions.isEmpty ? "" : "  " + debug.conditions.joined(separator: " ")
    lines.append("dr6 \(Self.wide(debug.dr6))  dr7 \(Self.wide(debug.dr7))\(conditions)")
    for breakpoint in debug.breakpoints { lines.append("        \(breakpoint)") }
  }

  /// The control words of x87 and SSE, and which components are not in their initial state.
  private mutating func addExtendedState(_ extended: ExtendedState) {
    let words =
      "fcw \(hexDigits(extended.x87ControlWord, digits: 4))  mxcsr \(hexDigits(extended.mxcsr, digits: 8))"
    let components = extended.presentComponents.setBitNames
    addWrapped("\(words)  in use: ", components.isEmpty ? "none" : components.joined(separator: " "))
  }

  /// Model-specific registers that are not zero, a line each.
  private mutating func addModelSpecific(_ registers: ModelSpecificRegisters) {
    for entry in registers.entries where entry.value != 0 {
      lines.append("msr     \(Self.wide(entry.value))  \(entry.register)")
    }
  }

  /// Adds a register and the names of its bits.
  private mutating func addBits(_ name: String, _ register: some NamedBits) {
    let names = register.setBitNames.joined(separator: " ")
    addWrapped("\(Self.padded(name, 8))\(Self.wide(register.rawValue))\(names.isEmpty ? "" : "  ")", names)
  }

  /// Adds registers side by side.
  private mutating func addRow(_ registers: [(name: String, value: UInt64)]) {
    lines.append(registers.map { "\($0.name) \(Self.wide($0.value))" }.joined(separator: "  "))
  }

  /// Adds `text` after `label`, broken between words where the line would be too wide; the lines that
  /// follow begin under the text.
  private mutating func addWrapped(_ label: String, _ text: String) {
    var line = label
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.utf8.count + 1 + word.utf8.count > Self.width {
        lines.append(line)
        line = String(repeating: " ", count: label.utf8.count)
        isEmpty = true
      }
      line += isEmpty ? String(word) : " " + word
      isEmpty = false
    }
    lines.append(line)
  }

  /// A 64-bit number with all its digits.
  private static func wide(_ value: UInt64) -> String { hexDigits(value, digits: 16) }

  /// `text` filled up with spaces.
  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  /// IA32_APIC_BASE in words.
  private static func localAPIC(_ value: UInt64) -> String {
    var words = [
      value & LocalAPICBase.bootstrapProcessor != 0 ? "bootstrap processor" : "application processor"
    ]
    if value & LocalAPICBase.enable == 0 {
      words.append("off")
    } else {
      words.append(
        value & LocalAPICBase.x2APICMode != 0 ? "x2APIC" : "xAPIC at \(hex(value & 0xF_FFFF_FFFF_F000))")
    }
    return words.joined(separator: ", ")
  }
}

extension CPUStateDescription: CustomStringConvertible {
  /// The lines with line ends between them.
  public var description: String { lines.joined(separator: "\n") }
}
