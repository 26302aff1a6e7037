/// The state of a 16550 UART and what each access does to it (National Semiconductor PC16550D data
/// sheet). No lock, no host: `SerialPort` adds both.
///
/// Time does not exist here: a character takes none on the wire. Two rules follow.
/// - The transmitter is empty again as soon as the host has taken the character, so the
///   transmitter-empty interrupt becomes pending after each one. It still goes away while the
///   character is under way, which gives an edge-triggered controller the new edge it needs even
///   if the guest never read the interrupt identification register.
/// - "Four character times without traffic" have passed as soon as a burst of input ends. So
///   characters below the trigger level are reported at once, as a character timeout, and each
///   read of one begins a new timeout.
struct SerialRegisters {
  private(set) var receiver = SerialReceiveFIFO()
  private var interruptEnable: SerialInterrupts = []
  private(set) var fifoControl: SerialFIFOControl = []
  private var triggerLevel = 1
  private(set) var lineControl: UInt8 = 0
  private(set) var modemControl: SerialModemControl = []
  private var scratch: UInt8 = 0
  /// 12: 9600 baud, which is what a PC's firmware leaves.
  private var divisor: UInt16 = 12

  private var overrun = false
  private var transmitterEmptyPending = false
  private var timeoutPending = false
  private var modemDeltas: SerialModemDeltas = []
  private var modemInputs: SerialModemLines = .connected
  /// Characters that the host has not taken yet.
  private var charactersUnderWay = 0

  /// Set when the interrupt line went low for a moment within one access, and cleared by whoever
  /// has shown that to the interrupt controller.
  var droppedInterrupt = false

  // MARK: - What follows from the state

  var isDivisorLatchAccessible: Bool { lineControl & SerialLineControl.divisorLatchAccess != 0 }
  var isLoopback: Bool { modemControl.contains(.loopback) }
  var isFIFOEnabled: Bool { fifoControl.contains(.enable) }
  var isTransmitterEmpty: Bool { charactersUnderWay == 0 }

  /// How many characters the receiver can take: one, or 16 with the FIFO on.
  var receiverCapacity: Int { isFIFOEnabled ? SerialReceiveFIFO.depth : 1 }

  /// How many characters the receiver takes now. None while it is disconnected from the line.
  var receiverRoom: Int { isLoopback ? 0 : max(receiverCapacity - receiver.count, 0) }

  /// The cause that the interrupt identification register reports: the highest of those enabled.
  var interruptCause: SerialInterruptCause {
    if interruptEnable.contains(.lineStatus), overrun || receiver.isBreakFirst { return .lineStatus }
    if interruptEnable.contains(.receivedData) {
      if receiver.count >= (isFIFOEnabled ? triggerLevel : 1) { return .receivedData }
      if timeoutPending { return .characterTimeout }
    }
    if interruptEnable.contains(.transmitterEmpty), transmitterEmptyPending { return .transmitterEmpty }
    if interruptEnable.contains(.modemStatus), !modemDeltas.isEmpty { return .modemStatus }
    return .none
  }

  /// The level of the interrupt output.
  var interruptLevel: Bool { interruptCause != .none }

  private var lineStatus: SerialLineStatus {
    var status: SerialLineStatus = []
    if !receiver.isEmpty { status.insert(.dataReady) }
    if overrun { status.insert(.overrunError) }
    if receiver.isBreakFirst { status.insert(.breakInterrupt) }
    if isFIFOEnabled, receiver.hasBreak { status.insert(.errorInFIFO) }
    if isTransmitterEmpty { status.formUnion([.transmitterHoldingEmpty, .transmitterEmpty]) }
    return status
  }

  private var modemLines: SerialModemLines {
    guard isLoopback else { return modemInputs }
    var lines: SerialModemLines = []
    if modemControl.contains(.requestToSend) { lines.insert(.clearToSend) }
    if modemControl.contains(.dataTerminalReady) { lines.insert(.dataSetReady) }
    if modemControl.contains(.out1) { lines.insert(.ringIndicator) }
    if modemControl.contains(.out2) { lines.insert(.dataCarrierDetect) }
    return lines
  }

  // MARK: - The guest's side

  mutating func read(_ register: UInt64) -> UInt8 {
    switch register {
    case SerialRegister.data where isDivisorLatchAccessible:
      return UInt8(truncatingIfNeeded: divisor)
    case SerialRegister.interruptEnable where isDivisorLatchAccessible:
      return UInt8(truncatingIfNeeded: divisor >> 8)
    case SerialRegister.data:
      return readCharacter()
    case SerialRegister.interruptEnable:
      return interruptEnable.rawValue
    case SerialRegister.interruptIdentification:
      let cause = interruptCause
      // Reading the cause acknowledges it where there is nothing else to be read.
      if cause == .transmitterEmpty { transmitterEmptyPending = false }
      return cause.rawValue | (isFIFOEnabled ? 0b1100_0000 : 0)
    case SerialRegister.lineControl:
      return lineControl
    case SerialRegister.modemControl:
      return modemControl.rawValue
    case SerialRegister.lineStatus:
      let status = lineStatus
      overrun = false
      receiver.clearFirstBreak()
      return status.rawValue
    case SerialRegister.modemStatus:
      let status = modemLines.rawValue | modemDeltas.rawValue
      modemDeltas = []
      return status
    case SerialRegister.scratch:
      return scratch
    default:
      return 0xff
    }
  }

  /// Writes a register other than the transmitter holding register, which `SerialPort` serves.
  mutating func write(_ register: UInt64, _ value: UInt8) {
    switch register {
    case SerialRegister.data where isDivisorLatchAccessible:
      divisor = divisor & 0xff00 | UInt16(value)
    case SerialRegister.interruptEnable where isDivisorLatchAccessible:
      divisor = divisor & 0x00ff | UInt16(value) << 8
    case SerialRegister.interruptEnable:
      writeInterruptEnable(value)
    case SerialRegister.interruptIdentification:
      writeFIFOControl(value)
    case SerialRegister.lineControl:
      lineControl = value
    case SerialRegister.modemControl:
      changeModemLines { $0.modemControl = SerialModemControl(rawValue: value).intersection(.all) }
    case SerialRegister.scratch:
      scratch = value
    default:
      // The two status registers: the data sheet recommends not to write them; nothing does.
      break
    }
  }

  private mutating func readCharacter() -> UInt8 {
    let character = receiver.removeFirst() ?? 0
    timeoutPending = false
    noteLevel()
    if isFIFOEnabled, !receiver.isEmpty { timeoutPending = true }
    return character
  }

  private mutating func writeInterruptEnable(_ value: UInt8) {
    let enabled = SerialInterrupts(rawValue: value).intersection(.all)
    // Not in the data sheet, but drivers rely on it: enabling the interrupt while the transmitter
    // is empty makes it pending, even if it was acknowledged before. Linux calls a UART without
    // this broken (UART_BUG_TXEN). Only the change from 0 to 1 does: a handler that rewrites the
    // register unchanged would otherwise interrupt itself for ever.
    if enabled.contains(.transmitterEmpty), !interruptEnable.contains(.transmitterEmpty) {
      transmitterEmptyPending = isTransmitterEmpty
    }
    interruptEnable = enabled
  }

  private mutating func writeFIFOControl(_ value: UInt8) {
    let control = SerialFIFOControl(rawValue: value)
    let enables = control.contains(.enable)
    // Switching the FIFOs on or off empties both. The other bits count only with the FIFOs on.
    let switches = enables != isFIFOEnabled
    if switches || enables && control.contains(.resetReceiver) {
      receiver.removeAll()
      timeoutPending = false
    }
    if switches || enables && control.contains(.resetTransmitter) {
      // The transmit FIFO is empty now, which is what the interrupt reports.
      transmitterEmptyPending = isTransmitterEmpty
    }
    fifoControl = enables ? .enable : []
    switch enables ? value >> 6 : 0 {
    case 0: triggerLevel = 1
    case 1: triggerLevel = 4
    case 2: triggerLevel = 8
    default: triggerLevel = 14
    }
    // A new trigger level can leave characters below it.
    timeoutPending = isFIFOEnabled && !receiver.isEmpty
  }

  // MARK: - The line's side

  /// A character leaves the transmitter holding register: until `transmitted`, it is not empty.
  mutating func beginTransmission() {
    charactersUnderWay &+= 1
    transmitterEmptyPending = false
    noteLevel()
  }

  /// The host has taken what `beginTransmission` announced.
  mutating func endTransmission() {
    charactersUnderWay &-= 1
    if isTransmitterEmpty { transmitterEmptyPending = true }
  }

  /// A character goes round in loopback mode.
  mutating func loopBack(_ character: UInt8) {
    beginTransmission()
    append(character)
    endTransmission()
  }

  /// A character comes in. The caller has asked `receiverRoom`, or wants the overrun.
  mutating func append(_ character: UInt8, isBreak: Bool = false) {
    if receiver.count >= receiverCapacity {
      overrun = true
      // The FIFO keeps what it has; without it the new character replaces the old one.
      guard !isFIFOEnabled else { return }
      receiver.removeAll()
    }
    receiver.append(character, isBreak: isBreak)
    timeoutPending = isFIFOEnabled
  }

  /// The modem's lines change.
  mutating func setModemInputs(_ lines: SerialModemLines) {
    changeModemLines { $0.modemInputs = lines }
  }

  private mutating func changeModemLines(_ change: (inout Self) -> Void) {
    let before = modemLines
    change(&self)
    let changed = before.symmetricDifference(modemLines)
    if changed.contains(.clearToSend) { modemDeltas.insert(.clearToSend) }
    if changed.contains(.dataSetReady) { modemDeltas.insert(.dataSetReady) }
    if changed.contains(.dataCarrierDetect) { modemDeltas.insert(.dataCarrierDetect) }
    if changed.contains(.ringIndicator), before.contains(.ringIndicator) {
      modemDeltas.insert(.trailingEdgeOfRing)
    }
  }

  /// Keeps in mind that the interrupt output is low at this moment.
  private mutating func noteLevel() {
    if !interruptLevel { droppedInterrupt = true }
  }
}
