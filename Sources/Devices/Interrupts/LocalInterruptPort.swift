public import Engine
public import X86

/// What one vCPU sees of the interrupt controllers in software: its local APIC as a page of memory and as
/// model-specific registers, and the interrupts that wait for it.
///
/// As a device it is the page at `LocalAPICBase.address`. A guest may move the page by IA32_APIC_BASE;
/// then nothing answers at the usual address, and the new one is not served.
public final class LocalInterruptPort: LocalInterruptController, IODevice {
  /// The size of the page, in bytes.
  public static let byteCount: UInt64 = 0x1000

  /// The device's name.
  public let name = "local APIC"
  private let index: Int
  private let apic: LocalAPIC
  private let controller: SoftwareInterruptController

  init(index: Int, apic: LocalAPIC, controller: SoftwareInterruptController) {
    self.index = index
    self.apic = apic
    self.controller = controller
  }

  // MARK: Interrupts

  /// Whether an interrupt waits that the priorities let through.
  public var hasInterrupt: Bool { apic.hasInterrupt }

  /// Takes the highest interrupt: one of the PIC pair first, as KVM does.
  public func acknowledge() -> UInt8? {
    if apic.read(\.hasExternalInterrupt), let vector = controller.pic.acknowledge() { return vector }
    return apic.update { $0.acknowledge() }
  }

  /// Whether an NMI, an INIT or a start-up IPI waits.
  public var hasSignals: Bool { apic.hasSignals }

  /// Takes them. After an INIT the local APIC is reset.
  public func takeSignals() -> ProcessorSignals { apic.takeSignals() }

  /// CR8.
  public var taskPriority: UInt8 {
    get { apic.read { $0.taskPriority >> 4 } }
    set {
      // Nearly always it is what it was.
      if apic.read({ $0.taskPriority >> 4 }) == newValue { return }
      apic.update { $0.taskPriority = newValue << 4 }
    }
  }

  // MARK: Model-specific registers

  /// RDMSR.
  public func read(_ register: MSR) -> UInt64? {
    switch register {
    case .apicBase: return apic.read(\.base)
    case .timeStampDeadline:
      let now = apic.now
      return apic.update { registers in
        registers.advance(to: now)
        return registers.timer.timeStampDeadline
      }
    default:
      guard let number = Self.number(ofX2APIC: register) else { return nil }
      let now = apic.now
      return apic.update { $0.readX2APIC(register: number, now: now) }
    }
  }

  /// WRMSR.
  public func write(_ register: MSR, _ value: UInt64) -> Bool {
    switch register {
    case .apicBase: return apic.update { $0.setBase(value) }
    case .timeStampDeadline:
      apic.setTimeStampDeadline(value)
      return true
    default:
      guard let number = Self.number(ofX2APIC: register) else { return false }
      let now = apic.now
      guard let effect = apic.update({ $0.writeX2APIC(value, register: number, now: now) }) else {
        return false
      }
      carryOut(effect)
      return true
    }
  }

  private static func number(ofX2APIC register: MSR) -> UInt32? {
    0x800...0x8FF ~= register.rawValue ? register.rawValue - 0x800 : nil
  }

  // MARK: The page

  /// Reads the page. Each register is the first four of 16 bytes; bytes between them read as ones.
  public func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    let place = offset & 0xF
    guard isPageThere, place &+ UInt64(width.byteCount) <= 4 else { return .max }
    let number = UInt32(truncatingIfNeeded: offset >> 4)
    let now = apic.now
    return UInt64(apic.update { $0.read(register: number, now: now) }) >> (8 * place)
  }

  /// Writes the page. Only whole registers can be written to (SDM Vol. 3A, 11.4.1); all else is ignored.
  public func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    guard isPageThere, offset & 0xF == 0, width == .dword else { return }
    let number = UInt32(truncatingIfNeeded: offset >> 4)
    let word = UInt32(truncatingIfNeeded: value)
    let now = apic.now
    carryOut(apic.update { $0.write(word, register: number, now: now) })
  }

  private var isPageThere: Bool {
    apic.read { $0.mode == .xAPIC && $0.base & ~0xFFF == LocalAPICBase.address }
  }

  private func carryOut(_ effect: LocalAPICRegisters.Effect) {
    switch effect {
    case .none: break
    case .endOfInterrupt(let vector): controller.ioapic.endOfInterrupt(vector)
    case .send(let message, let shorthand):
      controller.localAPICs.deliver(message, shorthand, from: index)
    }
  }
}
