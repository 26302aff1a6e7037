public import CKVM

extension KVMMachine {
  /// Creates the interrupt controllers in the kernel: two PICs, an I/O APIC of 24 pins, and a local
  /// APIC in each vCPU made later (KVM_CREATE_IRQCHIP; section 4.24). Must come before the first
  /// vCPU.
  ///
  /// - Throws: EEXIST where they exist, EINVAL where there is a vCPU already, ENOMEM.
  public func createIRQChip() throws(KVMError) {
    try KVM.check(ckvm_create_irqchip(descriptor.rawValue), "KVM_CREATE_IRQCHIP", on: Self.name)
  }

  /// Creates local APICs in the kernel only; PICs and I/O APIC are the caller's
  /// (KVM_ENABLE_CAP with KVM_CAP_SPLIT_IRQCHIP; section 7). Must come before the first vCPU.
  ///
  /// - Parameter pins: how many routes are set aside for the I/O APIC's pins.
  /// - Throws: EEXIST where there are controllers or vCPUs already, EINVAL for too many pins.
  public func splitIRQChip(pins: UInt32) throws(KVMError) {
    try enableCapability(.splitIRQChip, UInt64(pins))
  }

  /// The state of a controller in the kernel (KVM_GET_IRQCHIP; section 4.26).
  ///
  /// - Throws: ENXIO where there is none.
  public func irqChip(_ chip: KVMIRQChip) throws(KVMError) -> KVMIRQChipState {
    var state = kvm_irqchip()
    state.chip_id = chip.rawValue
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_irqchip(descriptor.rawValue, &state), "KVM_GET_IRQCHIP", on: Self.name)
    return state
  }

  /// Sets the state of the controller that `state.chip_id` names (KVM_SET_IRQCHIP; section 4.27).
  ///
  /// - Throws: ENXIO where there is none, EINVAL for an unknown controller.
  public func setIRQChip(_ state: KVMIRQChipState) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_irqchip(descriptor.rawValue, &state), "KVM_SET_IRQCHIP", on: Self.name)
  }

  /// Creates the interval timer in the kernel: ports 0x40 to 0x43 (KVM_CREATE_PIT2; section 4.71).
  /// The controllers must exist; it is quickest after the vCPUs.
  ///
  /// - Throws: ENOENT without interrupt controllers in the kernel, EEXIST where it exists, ENOMEM.
  public func createPIT2(flags: KVMPITFlags = []) throws(KVMError) {
    var config = kvm_pit_config()
    config.flags = flags.rawValue
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_create_pit2(descriptor.rawValue, &config), "KVM_CREATE_PIT2", on: Self.name)
  }

  /// The state of the interval timer (KVM_GET_PIT2; section 4.72).
  ///
  /// - Throws: ENXIO where there is none.
  public func pit2() throws(KVMError) -> KVMPITState {
    var state = kvm_pit_state2()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_pit2(descriptor.rawValue, &state), "KVM_GET_PIT2", on: Self.name)
    return state
  }

  /// Sets the state of the interval timer (KVM_SET_PIT2; section 4.73).
  ///
  /// - Throws: ENXIO where there is none.
  public func setPIT2(_ state: KVMPITState) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_pit2(descriptor.rawValue, &state), "KVM_SET_PIT2", on: Self.name)
  }

  /// Sets the level of an interrupt line (KVM_IRQ_LINE; section 4.25). Any thread may call it.
  ///
  /// - Parameter irq: the global system interrupt: 0 to 15 reach PICs and I/O APIC, 16 to 23 the
  ///   I/O APIC, until `setGSIRouting` says otherwise.
  /// - Throws: ENXIO without interrupt controllers in the kernel.
  public func setLine(irq: UInt32, level: Bool) throws(KVMError) {
    var line = kvm_irq_level()
    line.irq = irq
    line.level = level ? 1 : 0
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_irq_line(descriptor.rawValue, &line), "KVM_IRQ_LINE", on: Self.name)
  }

  /// Sends a message-signalled interrupt (KVM_SIGNAL_MSI; section 4.71). Any thread may call it.
  ///
  /// - Returns: whether the guest took it; false where it has blocked or lost it.
  /// - Throws: EINVAL without local APICs in the kernel or for an address that is none of theirs.
  @discardableResult
  public func signalMSI(address: UInt64, data: UInt32) throws(KVMError) -> Bool {
    var message = kvm_msi()
    message.address_lo = UInt32(truncatingIfNeeded: address)
    message.address_hi = UInt32(truncatingIfNeeded: address >> 32)
    message.data = data
    // Sound: the kernel reads the structure during the call only.
    let delivered = try KVM.check(
      unsafe ckvm_signal_msi(descriptor.rawValue, &message), "KVM_SIGNAL_MSI", on: Self.name)
    return delivered > 0
  }

  /// Replaces all routes from interrupt numbers to pins and messages (KVM_SET_GSI_ROUTING; section
  /// 4.52). What is not listed leads nowhere.
  ///
  /// - Throws: EINVAL for too many routes or one that cannot be, ENOMEM.
  public func setGSIRouting(_ routes: [KVMIRQRoute]) throws(KVMError) {
    // Sound: the function returns the address of the table's own array.
    let table = unsafe TrailingArray<kvm_irq_routing, kvm_irq_routing_entry>(capacity: routes.count) {
      unsafe ckvm_irq_routing_entries($0)
    }
    table.fill(from: routes)
    // Sound: the table has as many entries as it says.
    let result = unsafe table.withHeader { header in
      unsafe header.pointee.nr = UInt32(truncatingIfNeeded: routes.count)
      return unsafe ckvm_set_gsi_routing(descriptor.rawValue, header)
    }
    try KVM.check(result, "KVM_SET_GSI_ROUTING", on: Self.name)
  }
}

extension KVMIOAPICState {
  /// How many pins the I/O APIC in the kernel has.
  public static let pinCount = Int(KVM_IOAPIC_NUM_PINS)

  /// The redirection entry of a pin, as the guest reads it through two registers of 32 bits. A pin
  /// that does not exist reads as 0, and writing to it does nothing.
  public subscript(redirectionOf pin: Int) -> UInt64 {
    get {
      guard let pin = UInt32(exactly: pin) else { return 0 }
      var state = self
      // Sound: the function reads the structure during the call only and checks the pin.
      return unsafe ckvm_ioapic_get_redirection(&state, pin)
    }
    set {
      guard let pin = UInt32(exactly: pin) else { return }
      // Sound: the function writes to the structure during the call only and checks the pin.
      unsafe ckvm_ioapic_set_redirection(&self, pin, newValue)
    }
  }
}

extension KVMIRQRoute {
  /// A route from an interrupt number to a controller's pin (KVM_IRQ_ROUTING_IRQCHIP).
  public static func pin(gsi: UInt32, chip: KVMIRQChip, pin: UInt32) -> KVMIRQRoute {
    var route = KVMIRQRoute()
    route.gsi = gsi
    route.type = UInt32(KVM_IRQ_ROUTING_IRQCHIP)
    // Sound: the members of the union are plain integers, and the type says which is meant.
    unsafe route.u.irqchip.irqchip = chip.rawValue
    unsafe route.u.irqchip.pin = pin
    return route
  }

  /// A route from an interrupt number to a message (KVM_IRQ_ROUTING_MSI).
  public static func msi(gsi: UInt32, address: UInt64, data: UInt32) -> KVMIRQRoute {
    var route = KVMIRQRoute()
    route.gsi = gsi
    route.type = UInt32(KVM_IRQ_ROUTING_MSI)
    // Sound: as above.
    unsafe route.u.msi.address_lo = UInt32(truncatingIfNeeded: address)
    unsafe route.u.msi.address_hi = UInt32(truncatingIfNeeded: address >> 32)
    unsafe route.u.msi.data = data
    return route
  }
}
