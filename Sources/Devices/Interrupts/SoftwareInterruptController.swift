public import Engine
internal import X86

/// A PC's interrupt controllers in software: the PIC pair, an I/O APIC and a local APIC for each vCPU,
/// wired as on a PC.
///
/// Lines 0…15 lead to the PIC pair, lines 0…23 to the input of the I/O APIC with the same number, but line 0
/// (the timer) to input 2; line 2 has no source. The PIC pair's output is LINT0 of every local APIC. Each
/// line has one device: two on one line would have to agree on its level.
///
/// Locks are taken in one order, from the devices inwards: device, PIC or I/O APIC, local APIC. Nothing
/// calls outwards.
public final class SoftwareInterruptController: InterruptController {
  let localAPICs: LocalAPICSet
  let ioapic: IOAPIC
  let pic: PIC8259

  /// Controllers for as many vCPUs as there are clocks.
  ///
  /// - Parameters:
  ///   - clock: the host's time, for the local APICs' timers.
  ///   - guestClocks: the vCPUs' time-stamp counters, by vCPU.
  ///   - wake: called with a vCPU's number, on any thread, when there is something new for it: the vCPU must
  ///     come out of HLT or of the guest. It must not call back.
  public init(
    clock: any DeviceClock, guestClocks: [any GuestClock], wake: @escaping @Sendable (Int) -> Void
  ) {
    var apics: [LocalAPIC] = []
    for (index, guestClock) in guestClocks.enumerated() {
      apics.append(
        LocalAPIC(index: UInt32(truncatingIfNeeded: index), clock: clock, guestClock: guestClock) {
          wake(index)
        })
    }
    let localAPICs = LocalAPICSet(apics)
    self.localAPICs = localAPICs
    ioapic = IOAPIC(localAPICs: localAPICs)
    pic = PIC8259 { localAPICs.setLINT0($0) }
  }

  /// Sets the level of a line, 0…23. Others lead nowhere.
  public func setLine(_ gsi: UInt32, level: Bool) {
    guard gsi < UInt32(IOAPICRegisters.pinCount), gsi != 2 else { return }
    if gsi < 16 { pic.setLine(UInt8(gsi), level: level) }
    ioapic.setPin(gsi == 0 ? 2 : Int(gsi), level: level)
  }

  /// Delivers a message-signalled interrupt. One whose address is not that of local APICs is dropped.
  public func signal(_ message: MSIMessage) {
    if let message = InterruptMessage(message) { localAPICs.deliver(message) }
  }

  /// What vCPU `index` sees: its local APIC.
  public func port(ofVCPU index: Int) -> LocalInterruptPort {
    LocalInterruptPort(index: index, apic: localAPICs.apics[index], controller: self)
  }

  /// The ports of the PIC pair.
  public var portAttachments: [BusAttachment] {
    [(base: 0x20, count: 2), (0xA0, 2), (0x4D0, 2)].map { range in
      BusAttachment(base: range.base, byteCount: range.count, device: pic, firstOffset: range.base)
    }
  }

  /// The I/O APIC's addresses.
  public var memoryAttachments: [BusAttachment] {
    [BusAttachment(base: IOAPIC.address, byteCount: IOAPIC.byteCount, device: ioapic)]
  }
}
