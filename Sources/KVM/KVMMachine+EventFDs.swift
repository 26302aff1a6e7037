internal import CKVM

/// A write of the guest that signals an eventfd.
public struct KVMIOEvent: Sendable, Equatable {
  /// Where the guest writes to.
  public enum Address: Sendable, Equatable {
    /// An I/O port.
    case port(UInt16)
    /// A guest-physical address.
    case memory(UInt64)
  }

  /// Where the guest writes to.
  public var address: Address
  /// The write's width: 1, 2, 4 or 8 bytes; 0 for any.
  public var width: UInt32
  /// The only value that counts; nil for any.
  public var match: UInt64?

  /// A write of `width` bytes to `address`, of the value `match` only if it is given.
  public init(address: Address, width: UInt32, match: UInt64? = nil) {
    self.address = address
    self.width = width
    self.match = match
  }
}

extension KVMMachine {
  /// Signals an eventfd at a write of the guest, which then goes on in the guest at once
  /// (KVM_IOEVENTFD; section 4.59). The kernel keeps the eventfd for itself.
  ///
  /// - Throws: EEXIST where the same write is taken, EINVAL for a width that cannot be, EBADF.
  public func assignIOEventFD(_ eventFD: Int32, to event: KVMIOEvent) throws(KVMError) {
    try setIOEventFD(eventFD, event, flags: 0)
  }

  /// Undoes `assignIOEventFD` with the same arguments (KVM_IOEVENTFD; section 4.59).
  ///
  /// - Throws: ENOENT where there is none such.
  public func deassignIOEventFD(_ eventFD: Int32, from event: KVMIOEvent) throws(KVMError) {
    try setIOEventFD(eventFD, event, flags: 1 << 2)  // KVM_IOEVENTFD_FLAG_DEASSIGN
  }

  private func setIOEventFD(_ eventFD: Int32, _ event: KVMIOEvent, flags: UInt32) throws(KVMError) {
    var request = kvm_ioeventfd()
    request.fd = eventFD
    request.len = event.width
    request.flags = flags
    switch event.address {
    case .port(let port):
      request.addr = UInt64(port)
      request.flags |= 1 << 1  // KVM_IOEVENTFD_FLAG_PIO
    case .memory(let address): request.addr = address
    }
    if let match = event.match {
      request.datamatch = match
      request.flags |= 1 << 0  // KVM_IOEVENTFD_FLAG_DATAMATCH
    }
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_ioeventfd(descriptor.rawValue, &request), "KVM_IOEVENTFD", on: Self.name)
  }

  /// Raises an interrupt whenever an eventfd is signalled (KVM_IRQFD; section 4.75). The kernel
  /// keeps the eventfd for itself.
  ///
  /// - Parameters:
  ///   - gsi: the interrupt's number, as for `setLine`.
  ///   - resampleFD: an eventfd for level-triggered interrupts: the line stays up until the guest
  ///     has dealt with the interrupt, then this is signalled.
  /// - Throws: EBUSY where the eventfd is assigned already, EINVAL without interrupt controllers
  ///   in the kernel or for a number too large, EBADF.
  public func assignIRQFD(_ eventFD: Int32, gsi: UInt32, resampleFD: Int32? = nil) throws(KVMError) {
    var request = kvm_irqfd()
    request.fd = UInt32(bitPattern: eventFD)
    request.gsi = gsi
    if let resampleFD {
      request.flags = UInt32(KVM_IRQFD_FLAG_RESAMPLE)
      request.resamplefd = UInt32(bitPattern: resampleFD)
    }
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_irqfd(descriptor.rawValue, &request), "KVM_IRQFD", on: Self.name)
  }

  /// Undoes `assignIRQFD` (KVM_IRQFD; section 4.75). One that was not assigned is no error.
  ///
  /// - Throws: EBADF.
  public func deassignIRQFD(_ eventFD: Int32, gsi: UInt32) throws(KVMError) {
    var request = kvm_irqfd()
    request.fd = UInt32(bitPattern: eventFD)
    request.gsi = gsi
    request.flags = UInt32(KVM_IRQFD_FLAG_DEASSIGN)
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_irqfd(descriptor.rawValue, &request), "KVM_IRQFD", on: Self.name)
  }
}
