import Engine
import Foundation
import Host
import SwiftVM
import Testing

@testable import SwiftVMCommand

/// Every guest of the catalog with every number of vCPUs on every engine, in this process and by the command:
/// its output and its exit status are those that its folder promises.
struct GuestTests {
  /// One guest with one number of vCPUs on one engine.
  struct Run: Sendable, CustomTestStringConvertible {
    var guest: Guest
    var cpuCount: Int
    var engine: TestedEngine
    var testDescription: String { "\(guest.name), \(cpuCount) vCPU, \(engine.testDescription)" }

    /// On every engine that this host has. GuestCatalogTests fails where the catalog cannot be read.
    static let all = ((try? GuestCatalog.all()) ?? []).flatMap { guest in
      guest.cpuCounts.flatMap { count in
        TestedEngine.usable.map { Run(guest: guest, cpuCount: count, engine: $0) }
      }
    }
    /// With one kind of interrupt controllers for each CPU.
    static let allByCPU = all.filter { TestedEngine.usableCPUs.contains($0.engine) }
  }

  @Test(arguments: Run.all)
  func runsByTheLibrary(_ run: Run) async throws {
    let path = try BuiltGuests.path(run.guest.name)
    var options = try #require(try DirectArguments.parse(run.guest.arguments[...] + [path]))
    let channel = ScriptedChannel(input: Array(run.guest.standardInput.utf8))
    options.configuration.console = .channel(channel)
    options.configuration.cpuCount = run.cpuCount
    run.engine.apply(to: &options.configuration)
    if options.configuration.timeoutNanoseconds == nil {
      // Three times what it should need: the machine may be busy.
      options.configuration.timeoutNanoseconds = UInt64(run.guest.timeoutSeconds) * 3_000_000_000
    }
    let outcome = try await VirtualMachine(options.configuration).run()
    let text = String(decoding: channel.output, as: UTF8.self)
    try check(
      run, status: Int32(outcome.exitStatus), output: text, details: outcome.crash?.text ?? outcome.sentence)
  }

  @Test(arguments: Run.allByCPU)
  func runsByTheCommand(_ run: Run) throws {
    let path = try BuiltGuests.path(run.guest.name)
    let arguments =
      ["run", "--cpus", String(run.cpuCount)] + run.engine.options + run.guest.arguments + [path]
    let result = try Command.run(
      arguments, input: Array(run.guest.standardInput.utf8), patience: run.guest.timeoutSeconds * 3)
    guard let status = result.exitStatus else {
      Issue.record("\(run.testDescription) ended with \(result.status)\n\(result.output)\n\(result.errors)")
      return
    }
    try check(run, status: status, output: result.output, details: result.errors)
    if status == 0 || status == run.guest.status && ![100, 101, 102, 103, 104, 124].contains(status) {
      #expect(result.errors.isEmpty, "nothing is said where all went well")
    }
  }

  private func check(_ run: Run, status: Int32, output: String, details: String) throws {
    if run.engine.usesKVM, let limit = run.guest.hostLimit,
      FileManager.default.fileExists(atPath: "/sys/module/\(limit.kernelModule)")
    {
      // This host's KVM runs such a guest wrongly. What is left to see is that the guest finds out, or
      // that the machine ends in good order: the VMM itself must not fail.
      let expected = try run.guest.expectedOutput(cpuCount: run.cpuCount)
      #expect(status != 0 || output == expected)
      #expect(![70, 124].contains(status), "\(details)")
      return
    }
    #expect(status == run.guest.status, "\(details)")
    let expected = try run.guest.expectedOutput(cpuCount: run.cpuCount)
    let difference = OutputComparison.difference(of: output, from: expected)
    #expect(difference == nil, "\(difference ?? "") All of it:\n\(output)\n\(details)")
  }
}

/// A channel that keeps the output, and offers its input as the guest takes it.
final class ScriptedChannel: ByteChannel {
  private struct State {
    var input: [UInt8]
    var output: [UInt8] = []
    var receiver: (any ByteReceiver)?
    var isOffering = false
  }
  private let state: Lock<State>

  init(input: [UInt8] = []) { state = Lock(State(input: input)) }

  var output: [UInt8] { state.withLock(\.output) }

  func write(_ bytes: RawSpan) {
    state.withLock { state in
      for index in 0..<bytes.byteCount {
        // Sound: a byte has no invalid patterns, and the index is checked.
        state.output.append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
      }
    }
  }

  func attach(_ receiver: any ByteReceiver) {
    state.withLock { $0.receiver = receiver }
    offer()
  }

  func receiverHasRoom() { offer() }
  func close() { state.withLock { $0.receiver = nil } }

  private func offer() {
    let offered = state.withLock { state -> (any ByteReceiver, [UInt8])? in
      guard let receiver = state.receiver, !state.input.isEmpty, !state.isOffering else { return nil }
      state.isOffering = true
      return (receiver, state.input)
    }
    guard let (receiver, input) = offered else { return }
    // Sound: bytes have no padding.
    let taken = unsafe receiver.receive(input.span.bytes)
    state.withLock { state in
      state.input.removeFirst(taken)
      state.isOffering = false
    }
  }
}
