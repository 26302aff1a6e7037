internal import Devices
internal import Engine
internal import Host

/// The devices of one power-on, on their buses.
struct DeviceSet {
  let ports: Bus
  let memory: Bus
  let post: POSTPort

  /// Builds what every machine has. The order does not matter: the bus sorts and checks.
  init(
    _ configuration: VirtualMachine.Configuration, host: HostParts, interrupts: any InterruptController,
    control: any MachineControl
  ) throws(BusError) {
    let channel = host.channel
    post = POSTPort()
    var attachments: [BusAttachment] = []
    func attach(_ device: any IODevice, _ range: ClosedRange<UInt16>) {
      attachments.append(
        BusAttachment(base: UInt64(range.lowerBound), byteCount: UInt64(range.count), device: device))
    }
    attach(
      SerialPort(channel: channel, interrupt: InterruptLine(controller: interrupts, gsi: SerialPort.com1GSI)),
      StandardPorts.serial)
    attach(DebugConsole(channel: channel), StandardPorts.debugConsole)
    attach(post, StandardPorts.post)
    let keyboard = KeyboardController(control: control)
    attach(keyboard.dataPort, StandardPorts.keyboardData)
    attach(keyboard.commandPort, StandardPorts.keyboardCommand)
    attach(SystemControlPortA(control: control), StandardPorts.systemControlA)
    attach(ResetControl(control: control), StandardPorts.resetControl)
    attach(PanicPort(control: control), StandardPorts.panic)
    attach(
      RealTimeClock(
        clock: HostDeviceClock(loop: host.loop),
        interrupt: InterruptLine(controller: interrupts, gsi: RealTimeClock.gsi),
        memoryByteCount: configuration.memoryByteCount, processorCount: configuration.cpuCount),
      StandardPorts.realTimeClock)
    if let port = configuration.exitPort {
      // Four ports wide, so that `out dx, eax` reaches it in one piece; QEMU's is as wide.
      let last = UInt16(clamping: Int(port) + 3)
      attach(ExitPort(control: control, style: configuration.exitStyle), port...last)
    }
    ports = try Bus(kind: .ports, attachments: attachments)
    memory = try Bus(kind: .memory, attachments: [])
  }
}
