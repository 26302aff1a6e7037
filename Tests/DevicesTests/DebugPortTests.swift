import Devices
import Engine
import Testing

@Suite struct DebugPortTests {
  @Test func debugConsoleSaysWhatItIsToldAndThatItIsThere() {
    let channel = FakeChannel()
    let console = DebugConsole(channel: channel)
    #expect(console.read8(0) == 0xe9)
    console.write8(0, 65)
    console.writeString(Array("BCD".utf8))
    #expect(channel.writes == [[65], Array("BCD".utf8)])
  }

  /// Only the low byte of a wide write is for port 0xe9.
  @Test func debugConsoleTakesBytesOnly() throws {
    let channel = FakeChannel()
    let bus = try Bus(
      kind: .ports,
      attachments: [
        BusAttachment(
          base: DebugConsole.defaultPort, byteCount: DebugConsole.portCount,
          device: DebugConsole(channel: channel))
      ])
    _ = bus.access(port: 0xe9, width: 4, .write, count: 2, [65, 1, 2, 3, 66, 4, 5, 6])
    #expect(channel.output == [65, 66])
    #expect(bus.access(port: 0xe8, width: 2, .read, [0, 0]) == [0xff, 0xe9])
  }

  @Test(arguments: [
    (ExitPort.Style.raw, UInt64(0), AccessWidth.byte, UInt32(0)), (.raw, 0xabcd_ef42, .byte, 0x42),
    (.raw, 0xabcd_ef42, .word, 0xef42), (.raw, 0xabcd_ef42, .dword, 0xabcd_ef42),
    (.qemu, 0, .byte, 1), (.qemu, 0x10, .dword, 0x21), (.qemu, 0xff, .byte, 0x1ff),
    (.qemu, 0xffff_ffff, .dword, 0xffff_ffff),
  ])
  func exitPortStops(style: ExitPort.Style, value: UInt64, width: AccessWidth, status: UInt32) {
    let machine = FakeMachine()
    let port = ExitPort(style: style, machine: machine)
    port.write(value, offset: 0, width: width)
    #expect(machine.reasons == [.guestExit(status: status)])
  }

  @Test func exitPortIgnoresReadsAndItsUpperPorts() {
    let machine = FakeMachine()
    let port = ExitPort(machine: machine)
    #expect(port.read(offset: 0, width: .dword) == 0)
    port.write(1, offset: 1, width: .byte)
    port.write(1, offset: 2, width: .word)
    #expect(machine.reasons.isEmpty)
  }

  @Test func postPortKeepsTheLastCode() {
    let port = POSTPort()
    #expect(port.lastCode == nil)
    #expect(port.read8(0) == 0xff)
    port.writeString([0x10, 0xff, 0xa5])
    #expect(port.lastCode == 0xa5)
    #expect(port.read8(0) == 0xa5)
    port.write8(0, 0xff)
    #expect(port.lastCode == 0xff)
  }

  @Test func panicPortStopsOnPanicOnly() {
    let machine = FakeMachine()
    let port = PanicPort(machine: machine)
    #expect(port.read8(0) == 0x03)
    port.write8(0, 0x02)
    port.write8(0, 0xfc)
    #expect(machine.reasons.isEmpty)
    #expect(port.crashLoadedCount == 1)
    port.write8(0, 0x01)
    #expect(machine.reasons == [.guestPanic])
  }
}
