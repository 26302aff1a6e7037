import Devices
import Engine
import Testing

private struct Platform {
  let machine = FakeMachine()
  let controller = FakeController()
  let gate = A20Gate()
  let keyboard: KeyboardController
  let portA: SystemControlPortA
  let reset: ResetControl
  let bus: Bus

  init() throws {
    keyboard = KeyboardController(
      machine: machine, gate: gate,
      interrupt: InterruptLine(controller: controller, gsi: KeyboardController.gsi))
    portA = SystemControlPortA(machine: machine, gate: gate)
    reset = ResetControl(machine: machine)
    bus = try Bus(
      kind: .ports,
      attachments: keyboard.attachments + [
        BusAttachment(
          base: SystemControlPortA.defaultPort, byteCount: SystemControlPortA.portCount, device: portA),
        BusAttachment(base: ResetControl.firstPort, byteCount: ResetControl.portCount, device: reset),
      ])
  }

  func input(_ port: UInt16) -> UInt8 { bus.access(port: port, width: 1, .read, [0])[0] }
  func output(_ port: UInt16, _ value: UInt8) { _ = bus.access(port: port, width: 1, .write, [value]) }

  /// A command, its parameter, and its answer if there is one.
  func command(_ command: UInt8, _ parameter: UInt8? = nil) -> UInt8? {
    output(0x64, command)
    if let parameter { output(0x60, parameter) }
    return input(0x64) & 1 != 0 ? input(0x60) : nil
  }
}

@Suite struct KeyboardControllerTests {
  @Test func statusRegister() throws {
    let platform = try Platform()
    // Tested, not inhibited, nothing to read.
    #expect(platform.input(0x64) == 0x14)
    platform.output(0x64, 0xaa)
    #expect(platform.input(0x64) == 0x1d)
    #expect(platform.input(0x60) == 0x55)
    #expect(platform.input(0x64) == 0x1c)
    platform.output(0x60, 0xf4)
    // The keyboard does not answer: timeout, with the resend byte.
    #expect(platform.input(0x64) == 0x55)
    #expect(platform.input(0x60) == 0xfe)
    #expect(platform.input(0x64) == 0x14)
  }

  @Test func selfTests() throws {
    let platform = try Platform()
    #expect(platform.command(0xaa) == 0x55)
    #expect(platform.command(0xab) == 0x00)
    // No auxiliary port: its test fails.
    #expect(platform.command(0xa9) == 0x01)
    #expect(platform.command(0xc0) == 0x80)
  }

  @Test func commandByteAndMemory() throws {
    let platform = try Platform()
    #expect(platform.command(0x20) == 0x05)
    #expect(platform.command(0x60, 0x75) == nil)
    #expect(platform.command(0x20) == 0x75)
    #expect(platform.command(0xae) == nil)
    #expect(platform.command(0x20) == 0x65)
    #expect(platform.command(0xad) == nil)
    #expect(platform.command(0xa8) == nil)
    #expect(platform.command(0x20) == 0x55)
    #expect(platform.command(0xa7) == nil)
    #expect(platform.command(0x20) == 0x75)
    for index in 1..<32 as Range<UInt8> { _ = platform.command(0x60 + index, index &* 7) }
    for index in 1..<32 as Range<UInt8> { #expect(platform.command(0x20 + index) == index &* 7) }
    #expect(platform.command(0x20) == 0x75)
    // The system flag of the status register is the command byte's.
    _ = platform.command(0x60, 0x00)
    #expect(platform.input(0x64) & 0x04 == 0)
  }

  /// What Linux's i8042 driver asks, and the answers with which it goes on at once: a controller, a
  /// keyboard port, no auxiliary port (i8042_controller_selftest, i8042_check_aux).
  @Test func linuxProbingGetsAnAnswerToEachQuestion() throws {
    let platform = try Platform()
    #expect(platform.input(0x64) & 1 == 0)
    #expect(platform.command(0xaa) == 0x55)
    let control = try #require(platform.command(0x20))
    _ = platform.command(0x60, (control | 0x10) & ~0x01)
    platform.output(0x64, 0xd3)
    platform.output(0x60, 0x5a)
    // The byte comes back as the keyboard's, not as the auxiliary device's.
    #expect(platform.input(0x64) & 0x21 == 0x01)
    #expect(platform.input(0x60) == 0x5a)
    let test = try #require(platform.command(0xa9))
    #expect(test != 0 && test != 0xfa && test != 0xff)
    // The keyboard's driver asks for its identity with interrupts on.
    _ = platform.command(0x60, control & ~0x10 | 0x01)
    #expect(!platform.controller.level(1))
    platform.output(0x60, 0xf2)
    #expect(platform.controller.level(1))
    #expect(platform.input(0x64) & 0x61 == 0x41)
    #expect(platform.input(0x60) == 0xfe)
    #expect(!platform.controller.level(1))
  }

  @Test func eachAnswerIsAnEdge() throws {
    let platform = try Platform()
    platform.output(0x60, 0xff)
    platform.output(0x60, 0xff)
    #expect(platform.controller.risingEdges(1) == 2)
    #expect(platform.controller.redundantSets == 0)
    // What is sent to the absent mouse is answered on its own channel, without the keyboard's interrupt.
    platform.output(0x64, 0xd4)
    platform.output(0x60, 0xff)
    #expect(!platform.controller.level(1))
    #expect(platform.input(0x64) & 0x61 == 0x61)
    #expect(platform.input(0x60) == 0xfe)
    _ = platform.command(0x60, 0x04)
    platform.output(0x60, 0xff)
    #expect(!platform.controller.level(1))
  }

  @Test(arguments: 0xf0...0xff as ClosedRange<UInt8>)
  func pulsingTheResetLineResets(command: UInt8) throws {
    let platform = try Platform()
    platform.output(0x64, command)
    #expect(platform.machine.reasons == (command & 1 == 0 ? [.reset(by: "the keyboard controller")] : []))
  }

  @Test func outputPortSwitchesA20AndResets() throws {
    let platform = try Platform()
    #expect(platform.command(0xd0) == 0xcf)
    _ = platform.command(0xd1, 0xdd)
    #expect(!platform.gate.isOpen)
    #expect(platform.command(0xd0) == 0xcd)
    _ = platform.command(0xd1, 0xdf)
    #expect(platform.gate.isOpen)
    _ = platform.command(0xdd)
    #expect(!platform.gate.isOpen)
    _ = platform.command(0xdf)
    #expect(platform.gate.isOpen)
    #expect(platform.machine.reasons.isEmpty)
    _ = platform.command(0xd1, 0xde)
    #expect(platform.machine.reasons == [.reset(by: "the keyboard controller")])
  }

  @Test func commandInsteadOfParameterCancelsTheFirst() throws {
    let platform = try Platform()
    platform.output(0x64, 0xd1)
    #expect(platform.command(0xaa) == 0x55)
    platform.output(0x60, 0x00)
    #expect(platform.machine.reasons.isEmpty && platform.gate.isOpen)
  }
}

@Suite struct ResetPortTests {
  @Test func portASwitchesA20AndResets() throws {
    let platform = try Platform()
    #expect(platform.input(0x92) == 0x02)
    platform.output(0x92, 0x00)
    #expect(!platform.gate.isOpen)
    #expect(platform.input(0x92) == 0x00)
    // Through whichever door it was opened.
    _ = platform.command(0xdf)
    #expect(platform.input(0x92) == 0x02)
    platform.output(0x92, 0xc2)
    #expect(platform.input(0x92) == 0xc2)
    #expect(platform.machine.reasons.isEmpty)
    platform.output(0x92, 0x03)
    #expect(platform.machine.reasons == [.reset(by: "system control port A")])
  }

  @Test func resetControlResetsOnBit2() throws {
    let platform = try Platform()
    platform.output(0xcf9, 0x02)
    #expect(platform.input(0xcf9) == 0x02)
    #expect(platform.machine.reasons.isEmpty)
    platform.output(0xcf9, 0x06)
    #expect(platform.machine.reasons == [.reset(by: "the reset control register")])
  }

  /// Device 0, function 4 has bit 2 set in the second byte of its configuration address.
  @Test func lookingForPCIDevicesDoesNotReset() throws {
    let platform = try Platform()
    for function in 0...255 as ClosedRange<UInt8> {
      _ = platform.bus.access(port: 0xcf8, width: 4, .write, [0, function, 0, 0x80])
    }
    #expect(platform.bus.access(port: 0xcf8, width: 4, .read, [0, 0, 0, 0]) == [255, 255, 255, 255])
    _ = platform.bus.access(port: 0xcf8, width: 2, .write, [0xff, 0xff])
    platform.output(0xcf8, 0xff)
    platform.output(0xcfb, 0xff)
    #expect(platform.machine.reasons.isEmpty)
  }
}
