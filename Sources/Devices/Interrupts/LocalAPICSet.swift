/// All local APICs of a machine, as those see them that send interrupts to them.
final class LocalAPICSet: Sendable {
  /// The APICs, by vCPU.
  let apics: [LocalAPIC]

  init(_ apics: [LocalAPIC]) { self.apics = apics }

  /// Sends a message of an I/O APIC or a device to its destinations; false where none accepted it.
  @discardableResult
  func deliver(_ message: InterruptMessage) -> Bool {
    deliver(message) { $0.isDestination(of: message) }
  }

  /// Sends an interprocessor interrupt of the APIC of vCPU `sender`.
  func deliver(_ message: InterruptMessage, _ shorthand: LocalAPICRegisters.Shorthand, from sender: Int) {
    switch shorthand {
    case .none: deliver(message)
    case .itself: _ = apics[sender].update { $0.accept(message) }
    case .all, .allOthers:
      for (index, apic) in apics.enumerated() where shorthand == .all || index != sender {
        apic.update { if $0.mode != .disabled { $0.accept(message) } }
      }
    }
  }

  private func deliver(
    _ message: InterruptMessage, to isDestination: @Sendable (LocalAPICRegisters) -> Bool
  ) -> Bool {
    if message.isForOne { return deliverToOne(message, of: isDestination) }
    var isAccepted = false
    for apic in apics {
      if apic.update({ isDestination($0) && $0.accept(message) }) { isAccepted = true }
    }
    return isAccepted
  }

  /// To the destination with the lowest priority; among equals to the one with the lowest ID
  /// (SDM Vol. 3A, 11.6.2.4).
  private func deliverToOne(
    _ message: InterruptMessage, of isDestination: @Sendable (LocalAPICRegisters) -> Bool
  ) -> Bool {
    var best: (apic: LocalAPIC, priority: UInt8)?
    for apic in apics {
      let priority: UInt8? = apic.read { registers in
        registers.isEnabled && isDestination(registers) ? registers.processorPriority : nil
      }
      if let priority, priority < best?.priority ?? .max { best = (apic, priority) }
    }
    // The arbitration is over: what the chosen one does meanwhile does not send the interrupt elsewhere.
    return best?.apic.update { $0.accept(message) } ?? false
  }

  /// The output of the PIC pair, which is wired to LINT0 of every APIC.
  func setLINT0(_ level: Bool) {
    for apic in apics { apic.update { $0.setLINT0(level) } }
  }
}
