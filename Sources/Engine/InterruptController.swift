/// Where devices send their interrupts: the kernel's controllers or ours.
public protocol InterruptController: AnyObject, Sendable {
  /// Sets the level of a global system interrupt (0…15 the ISA lines, 16…23 the rest of the
  /// I/O APIC). Edge-triggered inputs see an edge on the change from low to high.
  func setLine(_ gsi: UInt32, level: Bool)

  /// Delivers a message-signalled interrupt.
  func signal(_ message: MSIMessage)
}

/// A message-signalled interrupt (SDM Vol. 3A, 11.11).
public struct MSIMessage: Sendable, Equatable {
  /// The address the device writes to: 0xFEEx_xxxx.
  public var address: UInt64
  /// The data it writes: vector and delivery mode.
  public var data: UInt32

  /// A message of the given parts.
  public init(address: UInt64, data: UInt32) {
    self.address = address
    self.data = data
  }
}

/// One interrupt line of a device. The device does not know whose input it is.
public struct InterruptLine: Sendable {
  private let controller: any InterruptController
  /// The global system interrupt that the line is wired to.
  public let gsi: UInt32

  /// The line into input `gsi` of `controller`.
  public init(controller: any InterruptController, gsi: UInt32) {
    self.controller = controller
    self.gsi = gsi
  }

  /// Drives the line high or low.
  public func set(_ level: Bool) { controller.setLine(gsi, level: level) }
}
