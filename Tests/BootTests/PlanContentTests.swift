import Boot
import GuestMemory
import Testing

/// What a plan says that it puts somewhere, against what it does put there.
struct PlanContentTests {
  @Test(arguments: [nil, BootRequest.Mode.protected, .long])
  func itIsWhatIsPlaced(_ mode: BootRequest.Mode?) throws {
    let plan = try plan((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }, mode: mode)
    let memory = try place(plan)
    for segment in plan.segments where ![.stack, .workspace].contains(segment.kind) {
      for offset in [0, 1, segment.memoryByteCount / 2, segment.memoryByteCount - 1] {
        let address = GuestAddress(segment.address.rawValue + offset)
        let content = try plan.content(at: address, count: 100)
        #expect(content.count == min(100, Int(segment.memoryByteCount - offset)), "\(segment.name)")
        for (index, byte) in content.enumerated() {
          let there = try memory.read(UInt8.self, at: GuestAddress(address.rawValue + UInt64(index)))
          #expect(byte == there, "\(segment.name), byte \(offset + UInt64(index))")
        }
      }
    }
  }

  @Test func nothingIsPutElsewhere() throws {
    let plan = try plan([0xF4], mode: .long)
    #expect(try plan.content(at: GuestAddress(0xFF_FFFF), count: 10).isEmpty)
    #expect(try plan.content(at: GuestAddress(.max), count: 10).isEmpty)
    #expect(try plan.content(at: plan.entryPoint, count: 0).isEmpty)
    #expect(try plan.content(at: plan.entryPoint, count: -1).isEmpty)
    // The stack is only kept free.
    let stack = try plan.segment(.stack)
    #expect(try plan.content(at: stack.address, count: 10).isEmpty)
  }
}
