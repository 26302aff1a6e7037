internal import Devices
internal import Engine
internal import GuestMemory
internal import Host
internal import X86

/// The devices of one power-on, on their buses.
struct DeviceSet {
  let ports: Bus
  /// One for all vCPUs, or one for each: see `SharedParts`.
  let memory: [Bus]
  let post = POSTPort()
  let realTimeClock: RealTimeClock
  let powerManagement: PowerManagement

  /// Builds what every machine has. The order does not matter: the bus sorts and checks.
  ///
  /// - Parameter earlierClock: the clock before the reset, which has a battery; nil at first.
  init(
    _ configuration: VirtualMachine.Configuration, host: HostParts, interrupts: MachineInterrupts,
    control: any MachineControl, earlierClock: RealTimeClock?
  ) throws(BusError) {
    var attachments: [BusAttachment] = []
    func attach(_ device: any IODevice, at range: PortRange, firstOffset: UInt64 = 0) {
      attachments.append(
        BusAttachment(
          base: UInt64(range.first), byteCount: range.count, device: device,
          firstOffset: firstOffset))
    }
    func line(_ gsi: UInt32) -> InterruptLine { InterruptLine(controller: interrupts.controller, gsi: gsi) }

    let channel = host.channel
    attach(SerialPort(channel: channel, interrupt: line(SerialPort.com1GSI)), at: StandardPorts.serial)
    attach(DebugConsole(channel: channel), at: StandardPorts.debugConsole)
    attach(post, at: StandardPorts.post)
    let gate = A20Gate()
    let keyboard = KeyboardController(machine: control, gate: gate, interrupt: line(KeyboardController.gsi))
    attach(keyboard, at: StandardPorts.keyboardData)
    attach(
      keyboard, at: StandardPorts.keyboardCommand,
      firstOffset: KeyboardController.commandPort - KeyboardController.dataPort)
    attach(SystemControlPortA(machine: control, gate: gate), at: StandardPorts.systemControlA)
    attach(ResetControl(machine: control), at: StandardPorts.resetControl)
    attach(PanicPort(machine: control), at: StandardPorts.panic)
    powerManagement = PowerManagement(
      machine: control, clock: HostDeviceClock(loop: host.loop), interrupt: line(PowerManagement.gsi))
    attach(powerManagement, at: StandardPorts.powerManagement)
    attach(
      powerManagement, at: StandardPorts.powerManagementTimer,
      firstOffset: PowerManagement.timerBlock - PowerManagement.eventBlock)
    let layout = PCMemoryLayout(byteCount: configuration.memoryByteCount)
    if let earlierClock {
      realTimeClock = RealTimeClock(afterResetOf: earlierClock, interrupt: line(RealTimeClock.gsi))
    } else {
      realTimeClock = RealTimeClock(
        clock: HostDeviceClock(loop: host.loop), interrupt: line(RealTimeClock.gsi),
        memoryBelow4GiB: layout.ranges[0].byteCount,
        memoryAbove4GiB: layout.ranges.dropFirst().reduce(0) { $0 + $1.byteCount },
        processorCount: configuration.cpuCount)
    }
    attach(realTimeClock, at: StandardPorts.realTimeClock)
    if let port = configuration.exitPort {
      let last = UInt16(clamping: Int(port) + Int(ExitPort.portCount) - 1)
      attach(ExitPort(style: configuration.exitStyle, machine: control), at: PortRange(port, last))
    }
    guard let software = interrupts.software else {
      ports = try Bus(kind: .ports, attachments: attachments)
      memory = [try Bus(kind: .memory, attachments: [])]
      return
    }
    let timer = IntervalTimer8254(
      clock: HostDeviceClock(loop: host.loop), interrupt: line(IntervalTimer8254.gsi))
    ports = try Bus(
      kind: .ports, attachments: attachments + software.portAttachments + timer.portAttachments)
    memory = try Self.spaces(software, interrupts.pages)
  }

  /// The physical address space of each vCPU: each sees its own local APIC at the same address.
  private static func spaces(
    _ interrupts: SoftwareInterruptController, _ pages: [LocalAPICPage]
  ) throws(BusError) -> [Bus] {
    var spaces: [Bus] = []
    for device in pages {
      let page = BusAttachment(
        base: LocalAPICBase.address, byteCount: LocalInterruptPort.byteCount,
        device: device)
      spaces.append(try Bus(kind: .memory, attachments: interrupts.memoryAttachments + [page]))
    }
    return spaces
  }
}
