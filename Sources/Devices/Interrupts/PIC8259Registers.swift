/// The state of one 8259A interrupt controller (Intel 8259A data sheet, order number 231468).
///
/// As in KVM and QEMU, an edge that came stays requested also where the line falls again before the
/// processor has taken it; the data sheet would answer such a one as IRQ 7.
struct PIC8259Registers: Sendable {
  /// Which of the initialization words comes next.
  private enum Expected: Sendable {
    case nothing, icw2, icw3, icw4
  }

  /// The inputs whose trigger may be chosen (ELCR): not timer, keyboard, cascade, clock, coprocessor.
  let selectableTriggers: UInt8

  /// IRR.
  private(set) var requests: UInt8 = 0
  /// ISR.
  private(set) var inService: UInt8 = 0
  /// IMR.
  private(set) var mask: UInt8 = 0
  /// Bits 7:3 of the vectors (ICW2).
  private(set) var vectorBase: UInt8 = 0
  /// ELCR: the inputs that are level-triggered.
  private(set) var levelTriggered: UInt8 = 0
  /// The level of each input.
  private(set) var levels: UInt8 = 0
  /// The input with the highest priority.
  private(set) var highest: UInt8 = 0
  private(set) var usesSpecialMask = false
  private(set) var isSpecialFullyNested = false
  private(set) var endsAutomatically = false
  private(set) var rotatesAtAutomaticEnd = false
  private(set) var readsInService = false
  private(set) var polls = false
  private var expected = Expected.nothing
  private var expectsICW4 = false

  /// A controller as after power-up.
  init(selectableTriggers: UInt8) { self.selectableTriggers = selectableTriggers }

  /// What ICW1 was followed by so far: 0 when initialized, else the number of the next word less one, as
  /// KVM's `init_state` counts.
  var initializationStep: UInt8 {
    switch expected {
    case .nothing: 0
    case .icw2: 1
    case .icw3: 2
    case .icw4: 3
    }
  }

  // MARK: Inputs and priorities

  /// The level of an input changed.
  mutating func setLine(_ line: UInt8, level: Bool) {
    let bit: UInt8 = 1 << (line & 7)
    let isEdge = levelTriggered & bit == 0
    if isEdge, level, levels & bit == 0 { requests |= bit }
    if !isEdge { requests = level ? requests | bit : requests & ~bit }
    levels = level ? levels | bit : levels & ~bit
  }

  /// Takes a request back: the slave has nothing to say any more.
  mutating func withdraw(_ line: UInt8) {
    requests &= ~(1 << (line & 7))
    levels &= ~(1 << (line & 7))
  }

  /// How far down the order of priority the first of these inputs is; 8 where there is none.
  private func priority(of set: UInt8) -> UInt8 {
    for place in UInt8(0)..<8 where set & 1 << ((place + highest) & 7) != 0 { return place }
    return 8
  }

  /// The input that the controller would interrupt for now.
  ///
  /// - Parameter cascade: the input of a slave, whose interrupt in service does not hold back others of
  ///   the same slave in special fully nested mode.
  func pending(cascade: UInt8? = nil) -> UInt8? {
    let place = priority(of: requests & ~mask)
    guard place < 8 else { return nil }
    var serving = inService
    if usesSpecialMask { serving &= ~mask }
    if isSpecialFullyNested, let cascade { serving &= ~(1 << cascade) }
    guard place < priority(of: serving) else { return nil }
    return (place + highest) & 7
  }

  /// The processor takes the interrupt of this input.
  mutating func acknowledge(_ line: UInt8) {
    let bit: UInt8 = 1 << (line & 7)
    if levelTriggered & bit == 0 { requests &= ~bit }
    if endsAutomatically {
      if rotatesAtAutomaticEnd { highest = (line + 1) & 7 }
    } else {
      inService |= bit
    }
  }

  // MARK: Registers

  /// Writes the port with A0 = 0: ICW1, OCW2 or OCW3.
  mutating func writeCommand(_ value: UInt8) {
    if value & 0x10 != 0 {
      initialize(value)
    } else if value & 0x08 != 0 {
      writeOCW3(value)
    } else {
      writeOCW2(value)
    }
  }

  private mutating func initialize(_ icw1: UInt8) {
    expectsICW4 = icw1 & 1 != 0
    expected = .icw2
    // The edge-sense circuit is reset.
    requests &= levelTriggered
    levels = 0
    inService = 0
    mask = 0
    highest = 0
    usesSpecialMask = false
    readsInService = false
    polls = false
    if !expectsICW4 {
      isSpecialFullyNested = false
      endsAutomatically = false
    }
    // Cascaded and edge- or level-triggered by ELCR: the bits of ICW1 for both mean nothing on a PC.
  }

  private mutating func writeOCW3(_ value: UInt8) {
    if value & 0x04 != 0 { polls = true }
    if value & 0x02 != 0 { readsInService = value & 1 != 0 }
    if value & 0x40 != 0 { usesSpecialMask = value & 0x20 != 0 }
  }

  private mutating func writeOCW2(_ value: UInt8) {
    let line = value & 7
    switch value >> 5 {
    case 0b000: rotatesAtAutomaticEnd = false
    case 0b100: rotatesAtAutomaticEnd = true
    case 0b001: endHighest(rotates: false)
    case 0b101: endHighest(rotates: true)
    case 0b011: inService &= ~(1 << line)
    case 0b110: highest = (line + 1) & 7
    case 0b111:
      inService &= ~(1 << line)
      highest = (line + 1) & 7
    default: break  // 0b010: no operation.
    }
  }

  /// Non-specific EOI: the interrupt with the highest priority in service. In special mask mode one that
  /// is masked is not ended (data sheet, "Special Mask Mode").
  private mutating func endHighest(rotates: Bool) {
    let place = priority(of: usesSpecialMask ? inService & ~mask : inService)
    guard place < 8 else { return }
    let line = (place + highest) & 7
    inService &= ~(1 << line)
    if rotates { highest = (line + 1) & 7 }
  }

  /// Writes the port with A0 = 1: what ICW1 waits for, or OCW1.
  mutating func writeData(_ value: UInt8) {
    switch expected {
    case .nothing: mask = value
    case .icw2:
      vectorBase = value & 0xF8
      expected = .icw3
    // Which input the slave is on is given by the board.
    case .icw3: expected = expectsICW4 ? .icw4 : .nothing
    case .icw4:
      isSpecialFullyNested = value & 0x10 != 0
      endsAutomatically = value & 0x02 != 0
      expected = .nothing
    }
  }

  /// Reads the port with A0 = 0 or 1, where no poll was asked for.
  func read(isData: Bool) -> UInt8 {
    if isData { return mask }
    return readsInService ? inService : requests
  }

  /// Takes back the request for a poll; true where there was one.
  mutating func takePoll() -> Bool {
    defer { polls = false }
    return polls
  }

  /// ELCR.
  mutating func setLevelTriggered(_ value: UInt8) { levelTriggered = value & selectableTriggers }
}
