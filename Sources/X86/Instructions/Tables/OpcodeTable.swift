/// The opcode maps of the architecture as one array of slots.
///
/// It is built from the rows in this folder's other files when the first instruction is decoded,
/// not when the program starts.
struct OpcodeTable: Sendable {
  /// All slots: the maps first, at the offsets below, then the choices that slots lead to.
  private(set) var entries: [OpcodeEntry]

  /// The table, made on first use.
  static let shared = OpcodeTable()

  /// Offset of the one-byte opcodes; 0F, 0F 38 and 0F 3A follow.
  static let legacy = 0
  /// Offset of the opcodes after VEX of map 1; maps 2 and 3 follow.
  static let vex = 4 * 256
  /// Offset of D8…DF with memory: eight ModRM.reg for each.
  static let x87Memory = 7 * 256
  /// Offset of D8…DF with a register: 64 low parts of ModRM for each.
  static let x87Register = x87Memory + 8 * 8
  private static let fixedCount = x87Register + 8 * 64

  private init() {
    entries = Array(repeating: .undefined, count: Self.fixedCount)
    entries.reserveCapacity(4096)
    addPrimary()
    addPrimaryGroups()
    addSecondary()
    addSystemGroups()
    addMoveSSE()
    addArithmeticSSE()
    addIntegerSSE()
    addMap0F38()
    addMap0F3A()
    addX87()
    addVEXMoves()
    addVEXArithmetic()
    addVEXMap0F38()
    addVEXMap0F3A()
  }

  // MARK: Rows

  /// Defines a one-byte opcode.
  mutating func primary(_ opcode: Int, _ entry: OpcodeEntry) { entries[Self.legacy + opcode] = entry }

  /// Defines opcode 0F `opcode`.
  mutating func secondary(_ opcode: Int, _ entry: OpcodeEntry) {
    entries[Self.legacy + 0x100 + opcode] = entry
  }

  /// Defines opcode 0F 38 `opcode`.
  mutating func map0F38(_ opcode: Int, _ entry: OpcodeEntry) {
    entries[Self.legacy + 0x200 + opcode] = entry
  }

  /// Defines opcode 0F 3A `opcode`.
  mutating func map0F3A(_ opcode: Int, _ entry: OpcodeEntry) {
    entries[Self.legacy + 0x300 + opcode] = entry
  }

  /// Defines opcode `opcode` of VEX map 1, 2 or 3.
  mutating func vex(_ map: Int, _ opcode: Int, _ entry: OpcodeEntry) {
    entries[Self.vex + (map - 1) * 0x100 + opcode] = entry
  }

  /// Defines D8…DF (`opcode`) /`reg` with memory.
  mutating func x87(_ opcode: Int, memory reg: Int, _ entry: OpcodeEntry) {
    entries[Self.x87Memory + (opcode & 7) * 8 + reg] = entry.of(.x87)
  }

  /// Defines D8…DF (`opcode`) with the register form `modRM`, C0…FF.
  mutating func x87(_ opcode: Int, register modRM: Int, _ entry: OpcodeEntry) {
    entries[Self.x87Register + (opcode & 7) * 64 + (modRM & 63)] = entry.of(.x87)
  }

  // MARK: Choices

  /// A slot that leads to `choices` by `selector`.
  private mutating func choose(
    _ selector: OpcodeEntry.Selector, modRM: Bool, _ choices: [OpcodeEntry]
  ) -> OpcodeEntry {
    var entry = OpcodeEntry(selector: selector, next: UInt16(entries.count))
    if modRM { entry.traits.insert(.modRM) }
    entries += choices
    return entry
  }

  /// By ModRM.reg: up to eight, the rest undefined.
  mutating func byExtension(_ choices: [OpcodeEntry]) -> OpcodeEntry {
    let missing = Array(repeating: OpcodeEntry.undefined, count: 8 - choices.count)
    return choose(.extensionField, modRM: true, choices + missing)
  }

  /// By ModRM.rm: up to eight, the rest undefined.
  mutating func byRegister(_ choices: [OpcodeEntry]) -> OpcodeEntry {
    let missing = Array(repeating: OpcodeEntry.undefined, count: 8 - choices.count)
    return choose(.registerField, modRM: true, choices + missing)
  }

  /// By whether ModRM.rm is memory or a register.
  mutating func byKind(
    memory: OpcodeEntry = .undefined, register: OpcodeEntry = .undefined
  ) -> OpcodeEntry {
    choose(.memoryOrRegister, modRM: true, [memory, register])
  }

  /// By mandatory prefix. 66 and REX.W change no operand size but where the entry says so.
  mutating func byPrefix(
    none: OpcodeEntry = .undefined, p66: OpcodeEntry = .undefined, pF3: OpcodeEntry = .undefined,
    pF2: OpcodeEntry = .undefined
  ) -> OpcodeEntry {
    choose(.mandatoryPrefix, modRM: false, [none.ignores66, p66.ignores66, pF3.ignores66, pF2.ignores66])
  }

  /// By F3 and F2 only: 66 keeps its meaning of operand size.
  mutating func byRepeat(
    none: OpcodeEntry = .undefined, pF3: OpcodeEntry = .undefined, pF2: OpcodeEntry = .undefined
  ) -> OpcodeEntry {
    choose(.mandatoryPrefix, modRM: false, [none, none, pF3, pF2])
  }

  /// By operand size.
  mutating func bySize(_ word: OpcodeEntry, _ double: OpcodeEntry, _ quad: OpcodeEntry)
    -> OpcodeEntry
  {
    choose(.operandSize, modRM: false, [word, double, quad])
  }

  /// By whether the code is 64-bit.
  mutating func byMode(not64: OpcodeEntry = .undefined, in64: OpcodeEntry = .undefined)
    -> OpcodeEntry
  {
    choose(.mode, modRM: false, [not64, in64])
  }

  /// By REX.W or VEX.W.
  mutating func byWide(_ narrow: OpcodeEntry, _ wide: OpcodeEntry) -> OpcodeEntry {
    choose(.wide, modRM: false, [narrow, wide])
  }

  /// By REX.W or VEX.W, where it is the size of a general register: not outside 64-bit mode.
  mutating func byGeneralWide(_ narrow: OpcodeEntry, _ wide: OpcodeEntry) -> OpcodeEntry {
    choose(.generalWide, modRM: false, [narrow, wide])
  }

  /// By VEX.L.
  mutating func byLength(
    _ short: OpcodeEntry = .undefined, _ long: OpcodeEntry = .undefined
  ) -> OpcodeEntry {
    choose(.vectorLength, modRM: false, [short, long])
  }

  /// By REX.B.
  mutating func byExtendedBase(_ plain: OpcodeEntry, _ extended: OpcodeEntry) -> OpcodeEntry {
    choose(.extendedBase, modRM: false, [plain, extended])
  }
}
