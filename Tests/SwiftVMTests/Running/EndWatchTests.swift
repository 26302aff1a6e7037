import Host
import Testing

@testable import SwiftVM

/// When a machine that is to stop is given up.
@Suite struct EndWatchTests {
  private final class Calls: Sendable {
    private let counter = Lock(0)
    var count: Int { counter.withLock { $0 } }
    func note() { counter.withLock { $0 += 1 } }
  }

  private let gate = VCPUGate(vcpuCount: 1)
  private let captured = CapturingChannel()
  private let channel: WatchedChannel
  private let calls = Calls()
  private let watch: EndWatch

  init() {
    channel = WatchedChannel(captured)
    watch = EndWatch(
      gate: gate, channel: channel, patience: EndPatience(looks: 3, interval: 77)
    ) { [calls] in calls.note() }
  }

  private func write() {
    let byte: [UInt8] = [1]
    // Sound: a UInt8 is a byte.
    unsafe channel.write(byte.span.bytes)
  }

  @Test func givesUpWithTheLastLook() {
    #expect(watch.look() == 77)
    #expect(watch.look() == 77)
    #expect(calls.count == 0)
    #expect(watch.look() == nil)
    #expect(calls.count == 1)
  }

  @Test func isOverOnceTheVCPUsAreOut() {
    #expect(watch.look() == 77)
    #expect(gate.leave())
    #expect(watch.look() == nil)
    #expect(calls.count == 0)
  }

  /// A vCPU that is in a slow write is not stuck; one that wrote since the last look is not either.
  @Test func beginsAnewWhereSomebodyWrites() throws {
    #expect(watch.look() == 77)
    captured.hold()
    let writer = try HostThread.start(name: "test-writer") { [channel] in
      let byte: [UInt8] = [1]
      // Sound: a UInt8 is a byte.
      unsafe channel.write(byte.span.bytes)
    }
    #expect(eventually { channel.isWriting })
    for _ in 0..<20 { #expect(watch.look() == 77) }
    captured.release()
    writer.join()
    #expect(!channel.isWriting)
    for _ in 0..<20 {
      write()
      #expect(watch.look() == 77)
    }
    #expect(watch.look() == 77)
    #expect(watch.look() == 77)
    #expect(watch.look() == nil)
    #expect(calls.count == 1)
    #expect(channel.writeCount == 21 && captured.bytes.count == 21)
  }

  /// Behind `close`, no write has a reason to wait.
  @Test func aClosedChannelIsNoReasonToWait() {
    channel.close()
    #expect(channel.isClosed && captured.isClosed)
    for _ in 0..<2 {
      write()
      #expect(watch.look() == 77)
    }
    write()
    #expect(watch.look() == nil)
  }
}
