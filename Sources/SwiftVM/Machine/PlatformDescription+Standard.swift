internal import Boot
internal import Devices

extension PlatformDescription {
  /// What the firmware tables say of a machine with these settings: the devices that `DeviceSet` makes.
  init(_ configuration: VirtualMachine.Configuration) {
    var others = [
      Self.ports(StandardPorts.post), Self.ports(StandardPorts.systemControlA),
      Self.ports(StandardPorts.debugConsole), Self.ports(StandardPorts.resetControl),
      Self.ports(StandardPorts.powerManagement), Self.ports(StandardPorts.powerManagementTimer),
    ]
    if let exitPort = configuration.exitPort {
      others.append(
        Ports(exitPort, count: UInt8(clamping: min(ExitPort.portCount, 0x1_0000 - UInt64(exitPort)))))
    }
    self.init(
      processorCount: UInt8(clamping: configuration.cpuCount),
      powerManagement: PowerManagement(
        eventBlock: StandardPorts.powerManagement.first,
        controlBlock: UInt16(truncatingIfNeeded: Devices.PowerManagement.controlBlock),
        timerBlock: StandardPorts.powerManagementTimer.first,
        interrupt: UInt8(truncatingIfNeeded: Devices.PowerManagement.gsi),
        softOffSleepType: Devices.PowerManagement.softOffSleepType),
      resetPort: StandardPorts.resetControl.first + 1,
      serialPorts: [
        SerialPort(
          firstPort: StandardPorts.serial.first,
          interrupt: UInt8(truncatingIfNeeded: Devices.SerialPort.com1GSI))
      ],
      panicPort: StandardPorts.panic.first, otherPorts: others)
  }

  private static func ports(_ range: PortRange) -> Ports {
    Ports(range.first, count: UInt8(clamping: range.count))
  }
}
