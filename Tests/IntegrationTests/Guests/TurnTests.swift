import Host
import Synchronization
import Testing

@testable import SwiftVM
@testable import SwiftVMCommand

/// Several vCPUs in software: the order of their instructions is the same each time.
struct TurnTests {
  /// What one run of a guest tells of the order.
  struct Trace: Equatable {
    var output: String
    var turns: UInt64?
  }

  /// Runs the guest smp-order in software.
  ///
  /// - Parameter pauses: holds the machine so often, at moments that nobody chose.
  private func run(cpuCount: Int, pauses: Int = 0) async throws -> Trace {
    let path = try BuiltGuests.path("smp-order")
    var options = try #require(
      try DirectArguments.parse(try BuiltGuests.arguments("smp-order")[...] + [path]))
    let channel = ScriptedChannel()
    options.configuration.console = .channel(channel)
    options.configuration.cpuCount = cpuCount
    options.configuration.engine = .software
    options.configuration.timeoutNanoseconds = 120_000_000_000
    let machine = try VirtualMachine(options.configuration)
    await machine.pause()
    try machine.start()
    let powered = try #require(machine.life.read(\.current))
    machine.resume()
    for _ in 0..<pauses {
      await machine.pause()
      machine.resume()
    }
    let outcome = await machine.wait()
    #expect(outcome.reason == .halted, "\(outcome.sentence)")
    return Trace(output: String(decoding: channel.output, as: UTF8.self), turns: powered.turnCount())
  }

  /// Threads that take what they can get of the host's processors, while `body` runs.
  private func withBusyHost<Result>(_ body: () async throws -> Result) async throws -> Result {
    let isOver = BusyFlag()
    let threads = try (0..<4).map { number in
      try HostThread.start(name: "busy\(number)") {
        var spins: UInt64 = 0
        while !isOver.value.load(ordering: .relaxed) { spins &+= 1 }
      }
    }
    defer {
      isOver.value.store(true, ordering: .relaxed)
      for thread in threads { thread.join() }
    }
    return try await body()
  }

  final class BusyFlag: Sendable { let value = Atomic<Bool>(false) }

  /// With so many vCPUs, so often on a quiet host and so often on a busy one.
  @Test(arguments: [(2, 10), (4, 10), (16, 2)])
  func theOrderIsTheSameEachTime(_ count: Int, rounds: Int) async throws {
    let first = try await run(cpuCount: count)
    for _ in 0..<rounds {
      let next = try await run(cpuCount: count)
      #expect(next == first)
    }
    for _ in 0..<2 {
      let next = try await run(cpuCount: count, pauses: 20)
      #expect(next.output == first.output)
    }
    try await withBusyHost {
      for _ in 0..<rounds {
        let next = try await run(cpuCount: count)
        #expect(next == first)
      }
    }
    // It is an order worth the name: everybody wrote, in several turns each.
    let lines = first.output.split(separator: "\n")
    let order = try #require(lines.first?.split(separator: " ").last)
    for number in 0..<count {
      let digit = try #require(String(number, radix: 16).first)
      #expect(order.count { $0 == digit } == 24)
    }
    let changes = zip(order, order.dropFirst()).count { $0 != $1 }
    #expect(changes >= 2 * count)
    #expect(try #require(first.turns) > UInt64(changes))
  }

  /// One vCPU has its thread to itself, and no turns.
  @Test func oneVCPUTakesNoTurns() async throws {
    let trace = try await run(cpuCount: 1)
    #expect(trace.turns == nil)
    #expect(trace.output == "order: " + String(repeating: "0", count: 24) + "\ncounter: 8\n")
  }
}
