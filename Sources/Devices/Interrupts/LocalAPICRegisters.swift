internal import X86

/// The state of a local APIC, and what happens to it (SDM Vol. 3A, chapter 11). No lock and no clock: see
/// `LocalAPIC`.
struct LocalAPICRegisters: Sendable {
  /// What the guest's access, or time, asks of the world outside this APIC.
  enum Effect: Sendable, Equatable {
    case none
    /// A level-triggered interrupt with this vector is dealt with.
    case endOfInterrupt(UInt8)
    /// An interrupt for other APICs, or for this one too.
    case send(InterruptMessage, Shorthand)
  }

  /// The destination shorthand of the interrupt command register (bits 19:18).
  enum Shorthand: UInt32, Sendable {
    case none = 0
    case itself = 1
    case all = 2
    case allOthers = 3
  }

  /// How the APIC is switched on (SDM Vol. 3A, 11.12.5).
  enum Mode: Sendable {
    case disabled, xAPIC, x2APIC
  }

  /// Bits of the error status register (SDM Vol. 3A, 11.5.3).
  enum ErrorBit {
    static let sendIllegalVector: UInt32 = 1 << 5
    static let receiveIllegalVector: UInt32 = 1 << 6
    static let illegalRegister: UInt32 = 1 << 7
  }

  /// The vCPU's number: the ID after reset, and always the x2APIC's.
  let index: UInt32
  /// IA32_APIC_BASE.
  var base: UInt64
  /// The ID register's bits 31:24 in xAPIC mode.
  var identifier: UInt8
  var taskPriority: UInt8 = 0
  /// Bits 31:24 of the logical destination register in xAPIC mode.
  var logicalDestination: UInt8 = 0
  /// Bits 31:28 of the destination format register: 0xF flat, 0 clusters.
  var destinationFormat: UInt8 = 0xF
  /// The spurious-interrupt vector register, bits 9:0.
  var spurious: UInt32 = 0xFF
  /// IRR: accepted, not yet taken by the processor.
  var requests = VectorSet()
  /// ISR: taken, not yet dealt with.
  var inService = VectorSet()
  /// TMR: whether each was level-triggered.
  var levelTriggered = VectorSet()
  var table = LocalVectorTable()
  var timer = LocalAPICTimer()
  /// The error status register as it is read, and what has come since it was last written.
  var errors: (shown: UInt32, gathered: UInt32) = (0, 0)
  var commandLow: UInt32 = 0
  var commandHigh: UInt32 = 0
  /// The level of the LINT0 input: the output of the PIC pair.
  var lint0 = false
  var hasNMI = false
  var hasINIT = false
  var startupVector: UInt8?

  /// The APIC of this vCPU after power-up.
  ///
  /// There is no firmware here, so the state is the one that firmware leaves: on the bootstrap processor
  /// LINT0 passes the interrupts of the PIC pair ("virtual wire", MultiProcessor Specification 3.6.2.2).
  init(index: UInt32) {
    self.index = index
    identifier = UInt8(truncatingIfNeeded: index)
    base = LocalAPICBase.address | LocalAPICBase.enable
    if index == 0 { base |= LocalAPICBase.bootstrapProcessor }
    wireLINT0()
  }

  private mutating func wireLINT0() {
    if index == 0 { table[.lint0] = UInt32(InterruptMessage.DeliveryMode.external.rawValue) << 8 }
  }

  /// Everything but ID and IA32_APIC_BASE as after power-up: what INIT does (SDM Vol. 3A, 11.4.7.3).
  mutating func initialize() {
    var fresh = Self(index: index)
    fresh.base = base
    fresh.identifier = identifier
    fresh.lint0 = lint0
    self = fresh
  }

  /// As after power-up, but masked altogether: what switching off by IA32_APIC_BASE leaves.
  mutating func forget() {
    let base = base
    let (level, signals) = (lint0, (hasNMI, hasINIT, startupVector))
    self = Self(index: index)
    table.maskAll()
    self.base = base
    lint0 = level
    (hasNMI, hasINIT, startupVector) = signals
  }

  /// How the APIC is switched on.
  var mode: Mode {
    guard base & LocalAPICBase.enable != 0 else { return .disabled }
    return base & LocalAPICBase.x2APICMode != 0 ? .x2APIC : .xAPIC
  }

  /// Switched on by IA32_APIC_BASE and by the spurious-interrupt vector register (bit 8).
  var isEnabled: Bool { mode != .disabled && spurious & 1 << 8 != 0 }

  // MARK: Priorities

  /// PPR: the higher of the task's priority and that of the interrupt in service (SDM Vol. 3A, 11.8.3.1).
  var processorPriority: UInt8 {
    let serving = inService.highest.map { $0 & 0xF0 } ?? 0
    return taskPriority & 0xF0 >= serving ? taskPriority : serving
  }

  /// The vector that the processor would be given now.
  var deliverable: UInt8? {
    guard isEnabled, let vector = requests.highest, vector & 0xF0 > processorPriority & 0xF0 else {
      return nil
    }
    return vector
  }

  /// Whether an interrupt waits for nothing but a lower task priority.
  var isHeldBack: Bool {
    guard isEnabled, let vector = requests.highest, deliverable == nil else { return false }
    return vector & 0xF0 > inService.highest.map { $0 & 0xF0 } ?? 0
  }

  /// Whether the PIC pair asks for this processor's attention: LINT0 is high and passes its interrupts, or
  /// there is no APIC in between.
  var hasExternalInterrupt: Bool {
    guard lint0 else { return false }
    return mode == .disabled || !table.isMasked(.lint0) && table.mode(.lint0) == .external
  }

  /// The processor takes the highest interrupt.
  mutating func acknowledge() -> UInt8? {
    guard let vector = deliverable else { return nil }
    requests[vector] = false
    inService[vector] = true
    return vector
  }

  /// The end-of-interrupt register was written: the highest interrupt in service is dealt with.
  mutating func endOfInterrupt() -> Effect {
    guard let vector = inService.highest else { return .none }
    inService[vector] = false
    guard levelTriggered[vector] else { return .none }
    finishLevelTriggered(vector)
    return .endOfInterrupt(vector)
  }

  private mutating func finishLevelTriggered(_ vector: UInt8) {
    guard table[.lint0] & LocalVectorTable.remoteIRR != 0, table.vector(.lint0) == vector else { return }
    table[.lint0] &= ~LocalVectorTable.remoteIRR
    raiseLevelTriggeredLINT0()
  }

  // MARK: What arrives

  /// Whether the message is for this APIC (SDM Vol. 3A, 11.6.2).
  func isDestination(of message: InterruptMessage) -> Bool {
    if mode == .disabled { return false }
    if message.isBroadcast { return true }
    let isX2APIC = mode == .x2APIC
    if !message.isLogical { return message.destination == (isX2APIC ? index : UInt32(identifier)) }
    if isX2APIC {
      let own = logicalX2APICID
      return message.destination >> 16 == own >> 16 && message.destination & own & 0xFFFF != 0
    }
    let wanted = UInt8(truncatingIfNeeded: message.destination)
    if destinationFormat == 0xF { return wanted & logicalDestination != 0 }
    return wanted >> 4 == logicalDestination >> 4 && wanted & logicalDestination & 0xF != 0
  }

  /// The logical destination register of an x2APIC (SDM Vol. 3A, 11.12.10.2).
  var logicalX2APICID: UInt32 { (index >> 4) << 16 | 1 << (index & 0xF) }

  /// Takes a message that is for this APIC; false where it is dropped.
  @discardableResult
  mutating func accept(_ message: InterruptMessage) -> Bool {
    switch message.mode {
    case .fixed, .lowestPriority:
      return request(message.vector, isLevelTriggered: message.isLevelTriggered)
    case .nonMaskable: hasNMI = true
    case .initialize:
      hasINIT = true
      startupVector = nil
    case .startup: startupVector = message.vector
    case .systemManagement, .reserved, .external: return false
    }
    return true
  }

  @discardableResult
  private mutating func request(_ vector: UInt8, isLevelTriggered: Bool) -> Bool {
    guard isEnabled else { return false }
    guard vector >= 16 else {
      note(ErrorBit.receiveIllegalVector)
      return false
    }
    requests[vector] = true
    levelTriggered[vector] = isLevelTriggered
    return true
  }

  /// The PIC pair's output changed.
  mutating func setLINT0(_ level: Bool) {
    let rises = level && !lint0
    lint0 = level
    guard mode != .disabled, !table.isMasked(.lint0) else { return }
    switch table.mode(.lint0) {
    case .fixed where table[.lint0] & LocalVectorTable.levelTriggered != 0: raiseLevelTriggeredLINT0()
    case .external: break
    default: if rises { raise(.lint0) }
    }
  }

  private mutating func raiseLevelTriggeredLINT0() {
    guard lint0, isEnabled, !table.isMasked(.lint0), table.mode(.lint0) == .fixed,
      table[.lint0] & LocalVectorTable.remoteIRR == 0
    else { return }
    table[.lint0] |= LocalVectorTable.remoteIRR
    request(table.vector(.lint0), isLevelTriggered: true)
  }

  /// Delivers what an entry of the local vector table says.
  mutating func raise(_ source: LocalVectorTable.Source) {
    guard mode != .disabled, !table.isMasked(source) else { return }
    accept(
      InterruptMessage(destination: index, mode: table.mode(source), vector: table.vector(source)))
  }

  /// Notes an error, and tells of the first one since the register was last written.
  mutating func note(_ error: UInt32) {
    let isFirst = errors.gathered == 0
    errors.gathered |= error
    // The entry of the error interrupt can itself have an illegal vector: told once, not for ever.
    if isFirst { raise(.error) }
  }

  /// Lets time pass.
  mutating func advance(to now: UInt64) {
    if timer.advance(to: now) { raise(.timer) }
  }
}
