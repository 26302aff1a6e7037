import Devices
import Engine
import Host
import Testing

/// Gives a different byte at each offset, and records what it is asked.
private final class ProbeDevice: IODevice {
  struct Access: Equatable {
    var offset: UInt64
    var width: AccessWidth
  }
  struct State {
    var accesses: [Access] = []
    /// The bytes written to each offset, in order.
    var written: [UInt64: [UInt8]] = [:]
    var strings: [[UInt8]] = []
  }
  let name: String
  let state = Lock(State())
  private let seed: UInt64

  init(_ name: String, seed: UInt64 = 0) {
    self.name = name
    self.seed = seed
  }

  func byte(at offset: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: (offset &+ 1) &* 37 &+ seed &* 101) }

  func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    state.withLock { $0.accesses.append(Access(offset: offset, width: width)) }
    // Ones above the width: the bus must not let them through.
    var value: UInt64 = .max
    for index in 0..<UInt64(width.byteCount) {
      value &= ~(0xff << (8 * index))
      value |= UInt64(byte(at: offset + index)) << (8 * index)
    }
    return value
  }

  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    state.withLock { state in
      state.accesses.append(Access(offset: offset, width: width))
      for index in 0..<UInt64(width.byteCount) {
        state.written[offset + index, default: []].append(UInt8(truncatingIfNeeded: value >> (8 * index)))
      }
    }
  }

  func take() -> State {
    state.withLock { state in
      defer { state = State() }
      return state
    }
  }
}

/// The same, with string output in one piece.
private final class StringDevice: IODevice {
  let name = "string device"
  let strings = Lock<[(offset: UInt64, width: AccessWidth, bytes: [UInt8])]>([])
  func read(offset: UInt64, width: AccessWidth) -> UInt64 { 0 }
  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) { Issue.record("an item on its own") }
  func write(string items: RawSpan, offset: UInt64, width: AccessWidth) {
    let bytes = [UInt8](items)
    strings.withLock { $0.append((offset, width, bytes)) }
  }
}

@Suite struct BusRegistrationTests {
  @Test func overlapNamesBothDevices() throws {
    let error = try #require(throws: BusError.self) {
      try Bus(
        kind: .ports,
        attachments: [
          BusAttachment(base: 0x3f8, byteCount: 8, device: ProbeDevice("serial port COM1")),
          BusAttachment(base: 0x3ff, byteCount: 1, device: ProbeDevice("debug console")),
        ])
    }
    #expect(
      error == .overlap(device: "serial port COM1", other: "debug console", bus: .ports, address: 0x3ff))
    #expect(
      error.description
        == "Cannot attach both the serial port COM1 and the debug console: both claim port 0x3ff; "
        + "move one of them.")
  }

  @Test func sameBaseOverlapsInAnyOrder() {
    let attachments = [
      BusAttachment(base: 10, byteCount: 1, device: ProbeDevice("a")),
      BusAttachment(base: 8, byteCount: 3, device: ProbeDevice("b")),
    ]
    #expect(throws: BusError.self) { try Bus(kind: .memory, attachments: attachments) }
    #expect(throws: BusError.self) { try Bus(kind: .memory, attachments: attachments.reversed()) }
  }

  @Test func emptyRangeIsRefused() {
    #expect(throws: BusError.emptyRange(device: "a", bus: .memory, base: 5)) {
      try Bus(kind: .memory, attachments: [BusAttachment(base: 5, byteCount: 0, device: ProbeDevice("a"))])
    }
  }

  @Test(arguments: [
    (Bus.Kind.ports, UInt64(0xffff), UInt64(2), false), (.ports, 0xffff, 1, true),
    (.ports, 0x10000, 1, false),
    (.ports, 0, 0x10000, true), (.ports, 0, 0x10001, false), (.ports, 1, .max, false),
    (.memory, .max, 1, true), (.memory, .max, 2, false), (.memory, 0, .max, true), (.memory, 2, .max, false),
  ])
  func rangesEndAtTheEndOfTheSpace(kind: Bus.Kind, base: UInt64, byteCount: UInt64, isFine: Bool) {
    let attachment = BusAttachment(base: base, byteCount: byteCount, device: ProbeDevice("a"))
    if isFine {
      #expect(throws: Never.self) { try Bus(kind: kind, attachments: [attachment]) }
    } else {
      #expect(throws: BusError.rangePastEnd(device: "a", bus: kind, base: base, byteCount: byteCount)) {
        try Bus(kind: kind, attachments: [attachment])
      }
    }
  }
}

@Suite struct BusAccessTests {
  @Test func oneDeviceSeesTheAccessAsItIs() throws {
    let device = ProbeDevice("a")
    let bus = try Bus(kind: .ports, attachments: [BusAttachment(base: 0x101, byteCount: 8, device: device)])
    // Not aligned, but inside: passed on whole.
    _ = bus.access(port: 0x102, width: 4, .write, [1, 2, 3, 4])
    #expect(device.take().accesses == [ProbeDevice.Access(offset: 1, width: .dword)])
    #expect(bus.unclaimedWriteCount == 0 && bus.lastUnclaimedAddress == nil)
  }

  @Test func laterRangesHaveTheirOwnFirstOffset() throws {
    let device = ProbeDevice("a")
    let bus = try Bus(
      kind: .ports,
      attachments: [
        BusAttachment(base: 0x64, byteCount: 1, device: device, firstOffset: 4),
        BusAttachment(base: 0x60, byteCount: 1, device: device),
      ])
    #expect(bus.access(port: 0x64, width: 1, .read, [0]) == [device.byte(at: 4)])
    #expect(bus.access(port: 0x60, width: 1, .read, [0]) == [device.byte(at: 0)])
    #expect(bus.access(port: 0x63, width: 2, .read, [0, 0]) == [0xff, device.byte(at: 4)])
    #expect(bus.lastUnclaimedAddress == 0x63)
  }

  @Test func nobodyAnswersWithOnes() throws {
    let bus = try Bus(kind: .memory, attachments: [])
    #expect(bus.access(address: 0xfee0_0000, width: 4, .read, [0, 0, 0, 0]) == [255, 255, 255, 255])
    _ = bus.access(address: 0x1234, width: 8, .write, Array(0..<8))
    #expect(bus.unclaimedReadCount == 1 && bus.unclaimedWriteCount == 1)
    #expect(bus.lastUnclaimedAddress == 0x1234)
  }

  @Test func stringOutputReachesItsDeviceInOnePiece() throws {
    let device = StringDevice()
    let bus = try Bus(kind: .ports, attachments: [BusAttachment(base: 0xe8, byteCount: 4, device: device)])
    _ = bus.access(port: 0xe9, width: 2, .write, count: 3, [1, 2, 3, 4, 5, 6, 7, 8])
    let strings = device.strings.withLock { $0 }
    #expect(strings.count == 1)
    #expect(strings.first?.offset == 1 && strings.first?.width == .word)
    // Three items, although the buffer has room for four.
    #expect(strings.first?.bytes == [1, 2, 3, 4, 5, 6])
  }

  @Test func hugeCountIsBoundedByTheBuffer() throws {
    let device = ProbeDevice("a")
    let bus = try Bus(kind: .ports, attachments: [BusAttachment(base: 0x10, byteCount: 4, device: device)])
    let read = bus.access(port: 0x10, width: 4, .read, count: .max, Array(repeating: 0, count: 10))
    let item = (0..<4).map { device.byte(at: $0) }
    #expect(read == item + item + [0, 0])
    #expect(device.take().accesses.count == 2)
    _ = bus.access(port: 0x10, width: 1, .write, count: .max, [9, 8, 7])
    #expect(device.take().written == [0: [9, 8, 7]])
    _ = bus.access(port: 0x50, width: 1, .write, count: .max, [9, 8, 7])
    #expect(bus.unclaimedWriteCount == 3)
  }

  @Test(arguments: [0, 9, 255] as [UInt8])
  func impossibleWidthsDoNothing(width: UInt8) throws {
    let device = ProbeDevice("a")
    let bus = try Bus(kind: .ports, attachments: [BusAttachment(base: 0, byteCount: 0x10000, device: device)])
    let bytes = [UInt8](repeating: 3, count: 300)
    #expect(bus.access(port: 0, width: width, .read, bytes) == bytes)
    _ = bus.access(port: 0, width: width, .write, bytes)
    #expect(device.take().accesses.isEmpty)
  }
}

/// All small layouts against a model that looks at each byte alone.
@Suite struct BusModelTests {
  struct Layout: CustomTestStringConvertible, Sendable {
    var kind: Bus.Kind
    /// The address at which the devices begin.
    var origin: UInt64
    var testDescription: String { "\(kind) from 0x\(String(origin, radix: 16))" }
  }

  @Test(arguments: [
    Layout(kind: .ports, origin: 0), Layout(kind: .ports, origin: 0x3f9),
    Layout(kind: .ports, origin: 0xfff3),
    Layout(kind: .memory, origin: 0xd000_0004), Layout(kind: .memory, origin: 0 &- 13),
  ])
  func matchesTheByteWiseModel(layout: Layout) throws {
    for gap in 0...2 as ClosedRange<UInt64> {
      for first in 1...6 as ClosedRange<UInt64> {
        for middle in 0...2 as ClosedRange<UInt64> {
          for second in [1, 2, 3] as [UInt64] {
            try check(layout, gap: gap, first: first, middle: middle, second: second)
          }
        }
      }
    }
  }

  private func check(_ layout: Layout, gap: UInt64, first: UInt64, middle: UInt64, second: UInt64) throws {
    let devices = [ProbeDevice("a", seed: 1), ProbeDevice("b", seed: 2), ProbeDevice("zero", seed: 3)]
    // The third is where an access that wrapped would land.
    let isAtZero = layout.origin != 0
    let places: [(base: UInt64, byteCount: UInt64, device: ProbeDevice)] =
      [
        (layout.origin + gap, first, devices[0]),
        (layout.origin + gap + first + middle, second, devices[1]),
      ] + (isAtZero ? [(0, 8, devices[2])] : [])
    let bus = try Bus(
      kind: layout.kind,
      attachments: places.reversed().map {
        BusAttachment(base: $0.base, byteCount: $0.byteCount, device: $0.device)
      })

    /// Who has the byte `index` bytes after `address`.
    func owner(_ address: UInt64, _ index: UInt64) -> (place: Int, offset: UInt64)? {
      let (byte, wraps) = address.addingReportingOverflow(index)
      guard !wraps, byte <= layout.kind.lastAddress else { return nil }
      guard let place = places.firstIndex(where: { byte >= $0.base && byte - $0.base < $0.byteCount }) else {
        return nil
      }
      return (place, byte - places[place].base)
    }

    for start in 0..<13 as Range<UInt64> {
      let address = layout.origin + start
      for width in 1...8 as ClosedRange<UInt8> {
        for count in layout.kind == .ports ? [1, 3] : [1] as [UInt32] {
          let owners = (0..<UInt64(width)).map { owner(address, $0) }
          let firstUnclaimed = owners.firstIndex { $0 == nil }
          let items = Int(count)

          let readsBefore = bus.unclaimedReadCount
          let zeros = [UInt8](repeating: 0, count: items * Int(width))
          let got =
            layout.kind == .ports
            ? bus.access(port: UInt16(address), width: width, .read, count: count, zeros)
            : bus.access(address: address, width: width, .read, zeros)
          let item = owners.map { $0.map { places[$0.place].device.byte(at: $0.offset) } ?? 0xff }
          #expect(got == Array(repeatElement(item, count: items).joined()))
          #expect(bus.unclaimedReadCount - readsBefore == (firstUnclaimed == nil ? 0 : UInt64(items)))
          if let firstUnclaimed {
            #expect(bus.lastUnclaimedAddress == address &+ UInt64(firstUnclaimed))
          }
          checkShapes(places, width: width)

          let writesBefore = bus.unclaimedWriteCount
          let bytes = (0..<items * Int(width)).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
          _ =
            layout.kind == .ports
            ? bus.access(port: UInt16(address), width: width, .write, count: count, bytes)
            : bus.access(address: address, width: width, .write, bytes)
          #expect(bus.unclaimedWriteCount - writesBefore == (firstUnclaimed == nil ? 0 : UInt64(items)))
          for (index, place) in places.enumerated() {
            var expected: [UInt64: [UInt8]] = [:]
            for (position, owner) in owners.enumerated() where owner?.place == index {
              for item in 0..<items {
                expected[owner!.offset, default: []].append(bytes[item * Int(width) + position])
              }
            }
            #expect(place.device.state.withLock { $0.written } == expected)
          }
          checkShapes(places, width: width)
        }
      }
    }
  }

  /// Each part lies in its device; a part of a cut access is aligned.
  private func checkShapes(
    _ places: [(base: UInt64, byteCount: UInt64, device: ProbeDevice)], width: UInt8
  ) {
    for place in places {
      for access in place.device.take().accesses {
        #expect(access.offset + UInt64(access.width.byteCount) <= place.byteCount)
        #expect(
          access.width.rawValue == width
            || (place.base + access.offset) % UInt64(access.width.byteCount) == 0)
      }
    }
  }
}
