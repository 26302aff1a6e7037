import Devices
import Engine
import Host
import Testing

/// A latch of two ports that records with which accesses it is called itself.
private final class LatchDevice: IODevice {
  let name = "latch"
  let latch: ByteLatch? = ByteLatch()
  let calls = Lock<[String]>([])

  func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    calls.withLock { $0.append("read \(offset) \(width.byteCount)") }
    return UInt64(latch?.byte ?? 0xee)
  }

  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    calls.withLock { $0.append("write \(offset) \(width.byteCount) \(value)") }
  }
}

/// A device that the bus need not call for single bytes.
@Suite struct ByteLatchTests {
  @Test func holdsNothingAtFirstAndThenTheLastByte() {
    let latch = ByteLatch()
    #expect(latch.byte == nil)
    for byte in [0x00, 0xff, 0x5a] as [UInt8] {
      latch.store(byte)
      #expect(latch.byte == byte)
    }
  }

  /// For even ports the helper's cursor points there already, for odd ones it does not.
  @Test(arguments: [0x80, 0x81] as [UInt16])
  func singleBytesGoToTheLatchAndNothingElseDoes(_ port: UInt16) throws {
    let device = LatchDevice()
    let bus = try Bus(kind: .ports, attachments: [BusAttachment(base: 0x80, byteCount: 2, device: device)])
    _ = bus.access(port: port, width: 1, .write, [0xa5])
    #expect(device.latch?.byte == 0xa5)
    #expect(device.calls.withLock { $0 } == [])

    let offset = port - 0x80
    #expect(bus.access(port: port, width: 1, .read, [0]) == [0xa5])
    _ = bus.access(port: port, width: 1, .write, count: 2, [1, 2])
    #expect(
      device.calls.withLock { $0 } == ["read \(offset) 1", "write \(offset) 1 1", "write \(offset) 1 2"])
    #expect(device.latch?.byte == 0xa5)
    #expect(bus.unclaimedReadCount == 0 && bus.unclaimedWriteCount == 0)
  }

  @Test func widerWritesReachTheDevice() throws {
    let device = LatchDevice()
    let bus = try Bus(kind: .ports, attachments: [BusAttachment(base: 0x80, byteCount: 2, device: device)])
    _ = bus.access(port: 0x80, width: 2, .write, [0x34, 0x12])
    // Over the end: the second byte is nobody's.
    _ = bus.access(port: 0x81, width: 2, .write, [0x78, 0x56])
    #expect(device.calls.withLock { $0 } == ["write 0 2 4660", "write 1 1 120"])
    #expect(device.latch?.byte == nil)
    #expect(bus.unclaimedWriteCount == 1 && bus.lastUnclaimedAddress == 0x82)
  }

  @Test func aCursorThatMovedOnLeavesTheLatchAlone() throws {
    let post = POSTPort()
    let bus = try Bus(kind: .ports, attachments: [BusAttachment(base: 0x80, byteCount: 1, device: post)])
    var cursor = BusCursor()
    var byte: UInt8 = 0
    func write(_ value: UInt8, to port: UInt16) {
      byte = value
      unsafe withUnsafeMutableBytes(of: &byte) {
        // Sound: the byte outlives the call.
        let data = unsafe ExitBuffer(base: $0.baseAddress!, byteCount: 1)
        let value = bus.perform(
          PortAccess(port: port, width: 1, direction: .write, count: 1, data: data), at: &cursor)
        #expect(value == UInt64(data.load(width: 1)))
      }
    }
    for step in 1...20 as ClosedRange<UInt8> {
      write(step, to: 0x80)
      write(step, to: 0x80)
      #expect(post.lastCode == step)
      write(0xee, to: 0x84)
      write(0xee, to: 0x84)
      #expect(post.lastCode == step)
    }
    bus.collect(&cursor)
    #expect(bus.unclaimedWriteCount == 40)
  }
}
