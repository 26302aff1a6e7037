internal import X86

/// A local APIC's registers as the guest reads and writes them: in a page of memory (xAPIC; SDM Vol. 3A,
/// table 11-1) or as model-specific registers (x2APIC; table 11-6).
extension LocalAPICRegisters {
  /// A register, by its place in the page divided by 16, which is also its number from 0x800 on.
  enum Register {
    static let identifier: UInt32 = 0x02
    static let version: UInt32 = 0x03
    static let taskPriority: UInt32 = 0x08
    static let arbitrationPriority: UInt32 = 0x09
    static let processorPriority: UInt32 = 0x0A
    static let endOfInterrupt: UInt32 = 0x0B
    static let remoteRead: UInt32 = 0x0C
    static let logicalDestination: UInt32 = 0x0D
    static let destinationFormat: UInt32 = 0x0E
    static let spurious: UInt32 = 0x0F
    static let inService: UInt32 = 0x10
    static let levelTriggered: UInt32 = 0x18
    static let requests: UInt32 = 0x20
    static let errors: UInt32 = 0x28
    static let commandLow: UInt32 = 0x30
    static let commandHigh: UInt32 = 0x31
    static let table: UInt32 = 0x32
    static let initialCount: UInt32 = 0x38
    static let currentCount: UInt32 = 0x39
    static let divideConfiguration: UInt32 = 0x3E
    static let selfInterrupt: UInt32 = 0x3F
  }

  /// Version 0x14, as of processors with an x2APIC, and six entries in the local vector table.
  static let version: UInt32 = 0x0005_0014
  /// The bits of the interrupt command register's low half that can be written.
  private static let commandBits: UInt32 = 0xC_CFFF
  private static let spuriousBits: UInt32 = 0x1FF

  // MARK: xAPIC

  /// Reads a register of the page. One that does not exist is an error, and reads as 0.
  mutating func read(register: UInt32, now: UInt64) -> UInt32 {
    advance(to: now)
    if let value = value(of: register, now: now) { return value }
    note(ErrorBit.illegalRegister)
    return 0
  }

  /// Writes a register of the page. One that does not exist or cannot be written to is an error, and
  /// keeps its value.
  mutating func write(_ value: UInt32, register: UInt32, now: UInt64) -> Effect {
    advance(to: now)
    switch register {
    case Register.identifier: identifier = UInt8(value >> 24)
    case Register.endOfInterrupt: return endOfInterrupt()
    case Register.logicalDestination: logicalDestination = UInt8(value >> 24)
    case Register.destinationFormat: destinationFormat = UInt8(value >> 28)
    case Register.errors: showErrors()
    case Register.commandHigh: commandHigh = value & 0xFF00_0000
    case Register.commandLow:
      commandLow = value & Self.commandBits
      let destination = commandHigh >> 24
      return command(destination: destination, isBroadcast: destination == 0xFF)
    default:
      if !writeShared(value, register: register, now: now) { note(ErrorBit.illegalRegister) }
    }
    return .none
  }

  // MARK: x2APIC

  /// Reads a model-specific register, 0x800 + `register`; nil for #GP.
  mutating func readX2APIC(register: UInt32, now: UInt64) -> UInt64? {
    guard mode == .x2APIC else { return nil }
    advance(to: now)
    switch register {
    case Register.arbitrationPriority, Register.remoteRead, Register.destinationFormat,
      Register.commandHigh, Register.endOfInterrupt:
      return nil
    case Register.commandLow: return UInt64(commandHigh) << 32 | UInt64(commandLow)
    default: return value(of: register, now: now).map(UInt64.init)
    }
  }

  /// Writes a model-specific register, 0x800 + `register`; nil for #GP: a register that is not there or
  /// cannot be written to, or a reserved bit.
  mutating func writeX2APIC(_ wide: UInt64, register: UInt32, now: UInt64) -> Effect? {
    guard mode == .x2APIC else { return nil }
    advance(to: now)
    let value = UInt32(truncatingIfNeeded: wide)
    if register == Register.commandLow {
      guard value & ~Self.commandBits & ~(1 << 12) == 0 else { return nil }
      commandLow = value & Self.commandBits
      commandHigh = UInt32(wide >> 32)
      return command(destination: commandHigh, isBroadcast: commandHigh == .max)
    }
    guard wide >> 32 == 0, value & ~writableX2APICBits(register) == 0 else { return nil }
    switch register {
    case Register.endOfInterrupt: return endOfInterrupt()
    case Register.errors: showErrors()
    case Register.selfInterrupt:
      return .send(InterruptMessage(destination: index, vector: UInt8(truncatingIfNeeded: value)), .itself)
    default: guard writeShared(value, register: register, now: now) else { return nil }
    }
    return .some(.none)
  }

  private func writableX2APICBits(_ register: UInt32) -> UInt32 {
    switch register {
    case Register.taskPriority, Register.selfInterrupt: return 0xFF
    case Register.spurious: return Self.spuriousBits
    case Register.initialCount: return .max
    case Register.divideConfiguration: return 0xB
    default:
      guard let source = tableSource(register) else { return 0 }
      // The read-only bits may be written back as they were read.
      return source.writableBits | 1 << 12 | LocalVectorTable.remoteIRR
    }
  }

  // MARK: Both

  private func tableSource(_ register: UInt32) -> LocalVectorTable.Source? {
    register < Register.table
      ? nil : LocalVectorTable.Source(rawValue: Int(truncatingIfNeeded: register - Register.table))
  }

  private func value(of register: UInt32, now: UInt64) -> UInt32? {
    let isX2APIC = mode == .x2APIC
    switch register {
    case Register.identifier: return isX2APIC ? index : UInt32(identifier) << 24
    case Register.version: return Self.version
    case Register.taskPriority: return UInt32(taskPriority)
    case Register.arbitrationPriority, Register.remoteRead: return 0
    case Register.processorPriority: return UInt32(processorPriority)
    case Register.endOfInterrupt: return 0
    case Register.logicalDestination:
      return isX2APIC ? logicalX2APICID : UInt32(logicalDestination) << 24
    case Register.destinationFormat: return UInt32(destinationFormat) << 28 | 0x0FFF_FFFF
    case Register.spurious: return spurious
    case Register.inService..<Register.inService + 8:
      return inService.words[Int(register - Register.inService)]
    case Register.levelTriggered..<Register.levelTriggered + 8:
      return levelTriggered.words[Int(register - Register.levelTriggered)]
    case Register.requests..<Register.requests + 8:
      return requests.words[Int(register - Register.requests)]
    case Register.errors: return errors.shown
    case Register.commandLow: return commandLow
    case Register.commandHigh: return commandHigh
    case Register.initialCount: return timer.initialCount
    case Register.currentCount: return timer.currentCount(now: now)
    case Register.divideConfiguration: return timer.divideConfiguration
    default: return tableSource(register).map { table[$0] }
    }
  }

  /// Writes a register that is the same in both modes; false where there is none to write to.
  private mutating func writeShared(_ value: UInt32, register: UInt32, now: UInt64) -> Bool {
    switch register {
    case Register.taskPriority: taskPriority = UInt8(truncatingIfNeeded: value)
    case Register.spurious:
      spurious = value & Self.spuriousBits
      if spurious & 1 << 8 == 0 { table.maskAll() }
    case Register.initialCount: timer.setInitialCount(value, now: now)
    case Register.divideConfiguration: timer.setDivideConfiguration(value, now: now)
    default:
      guard let source = tableSource(register) else { return false }
      write(value, source)
    }
    return true
  }

  private mutating func write(_ value: UInt32, _ source: LocalVectorTable.Source) {
    var entry = value & source.writableBits | table[source] & LocalVectorTable.remoteIRR
    // While the APIC is switched off by software its entries stay masked (SDM Vol. 3A, 11.4.7.2).
    if spurious & 1 << 8 == 0 { entry |= LocalVectorTable.masked }
    if entry & LocalVectorTable.levelTriggered == 0 { entry &= ~LocalVectorTable.remoteIRR }
    table[source] = entry
    switch source {
    case .timer: timer.setMode(LocalAPICTimer.Mode(rawValue: entry >> 17 & 3) ?? .reserved)
    case .lint0: setLINT0(lint0)
    default: break
    }
  }

  private mutating func showErrors() { errors = (errors.gathered, 0) }

  /// The interrupt command register was written (SDM Vol. 3A, 11.6.1).
  private mutating func command(destination: UInt32, isBroadcast: Bool) -> Effect {
    let mode = InterruptMessage.DeliveryMode(bits: commandLow >> 8)
    let vector = UInt8(truncatingIfNeeded: commandLow)
    let isAsserted = commandLow & 1 << 14 != 0
    let isLevel = commandLow & 1 << 15 != 0
    if mode == .fixed || mode == .lowestPriority, vector < 16 {
      note(ErrorBit.sendIllegalVector)
      return .none
    }
    // INIT level de-assert: processors since the Pentium 4 do nothing at it.
    if mode == .initialize, isLevel, !isAsserted { return .none }
    let message = InterruptMessage(
      destination: destination, isBroadcast: isBroadcast, isLogical: commandLow & 1 << 11 != 0, mode: mode,
      vector: vector)
    return .send(message, Shorthand(rawValue: commandLow >> 18 & 3) ?? .none)
  }

  // MARK: IA32_APIC_BASE

  /// Writes IA32_APIC_BASE; false for #GP: a reserved bit, or a change of mode that is not allowed
  /// (SDM Vol. 3A, 11.12.5).
  mutating func setBase(_ value: UInt64) -> Bool {
    let known =
      LocalAPICBase.bootstrapProcessor | LocalAPICBase.x2APICMode | LocalAPICBase.enable
      | 0x000F_FFFF_FFFF_F000
    guard value & ~known == 0 else { return false }
    let old = mode
    var new = self
    new.base = value
    let isX2APICBitAlone = value & LocalAPICBase.enable == 0 && value & LocalAPICBase.x2APICMode != 0
    switch (old, new.mode) {
    case _ where isX2APICBitAlone, (.disabled, .x2APIC), (.x2APIC, .xAPIC): return false
    case (.disabled, .disabled), (.xAPIC, .xAPIC), (.x2APIC, .x2APIC), (.disabled, .xAPIC): break
    case (.xAPIC, .x2APIC): new.commandHigh = 0
    case (.xAPIC, .disabled), (.x2APIC, .disabled): new.forget()
    }
    self = new
    return true
  }
}
