import Engine
import Foundation
import Testing

@testable import SwiftVM
@testable import SwiftVMCommand

/// Guests that move between KVM and the software CPU at random, thousands of times, and never learn of it: they
/// print and end as their folders promise, and as they do when they are left alone. They leave KVM at exits and
/// at whichever instruction a timer finds them at, and the software CPU after a random count of instructions.
@Suite(.enabled(if: canUseKVM, "needs read and write access to /dev/kvm"))
struct MovingTests {
  /// A guest, what moves it, and where its interrupt controllers are.
  struct Move: Sendable, CustomTestStringConvertible {
    var guest: String
    var seed: UInt64
    var cpuCount = 1
    var assist = VirtualMachine.Configuration.AssistChoice.auto
    var interrupts = VirtualMachine.Configuration.InterruptControllerChoice.auto
    var testDescription: String {
      "\(guest), \(cpuCount) vCPU, assist \(assist.rawValue), irqchip \(interrupts.rawValue), seed \(seed)"
    }
  }

  private static let guests = [
    "everything-at-once", "interrupts16", "modes", "page-fault", "io-widths", "task-priority", "timer-apic",
    "timer-ioapic", "timer-pit", "timer-rtc", "serial-transmit", "x2apic", "hello-c", "user-mode",
  ]

  /// Those with a user mode, which is what KVM runs where ring 0 is in software. Two of them some hosts' KVM
  /// cannot run alone.
  private static let guestsWithUserMode = [
    "everything-at-once", "user-mode", "user-mode-int", "user-mode-syscall",
  ]

  private static let moves: [Move] =
    guests.flatMap { guest in
      [Move(guest: guest, seed: 1), Move(guest: guest, seed: 2, interrupts: .software)]
    }
    + guestsWithUserMode.map { Move(guest: $0, seed: 3, assist: .ring0) }
    // The start of a vCPU by another one can be met by a move, too.
    + (UInt64(4)...11).map {
      Move(guest: "smp-interrupts", seed: $0, cpuCount: 2, interrupts: $0 % 2 == 0 ? .auto : .software)
    }

  @Test(arguments: moves) func aGuestDoesNotLearnOfMoves(_ move: Move) async throws {
    let outcome = try await run(move)
    #expect(outcome.assistance.moves > 0)
  }

  /// The same guest again and again, until it has moved thousands of times, by either way out of KVM.
  @Test func thousandsOfMovesChangeNothing() async throws {
    let alone = try await output(Move(guest: "everything-at-once", seed: 0), seed: nil)
    var (atExits, betweenExits): (UInt64, UInt64) = (0, 0)
    for seed in UInt64(10)...40 {
      let move = Move(
        guest: "everything-at-once", seed: seed, interrupts: seed % 2 == 0 ? .software : .kernel)
      let (moved, outcome) = try await output(move, seed: seed)
      #expect(moved == alone.0)
      betweenExits += outcome.assistance.takeovers
      atExits += outcome.assistance.moves - outcome.assistance.takeovers
    }
    #expect(atExits > 1000 && betweenExits > 2000, "\(atExits) at exits, \(betweenExits) between them")
  }

  /// User mode is given to KVM and taken from it; or it comes back by itself, with an event, which is what it
  /// does most often: KVM runs it so fast that only its one long loop is met by a timer.
  @Test func hundredsOfTripsOfUserModeChangeNothing() async throws {
    var (byEvents, byTime): (UInt64, UInt64) = (0, 0)
    for seed in UInt64(50)...73 {
      let guest = seed % 3 == 0 ? "everything-at-once" : "user-mode"
      let outcome = try await run(Move(guest: guest, seed: seed, assist: .ring0))
      byTime += outcome.assistance.takeovers
      byEvents += outcome.assistance.moves - outcome.assistance.takeovers
    }
    #expect(byEvents > 50 && byTime > 3, "\(byEvents) by events, \(byTime) by the time")
  }

  private func run(_ move: Move) async throws -> Outcome {
    let guest = try #require(try GuestCatalog.all().first { $0.name == move.guest })
    let (text, outcome) = try await output(move, seed: move.seed)
    let expected = try guest.expectedOutput(cpuCount: move.cpuCount)
    #expect(OutputComparison.difference(of: text, from: expected) == nil, "\(text)")
    #expect(Int32(outcome.exitStatus) == guest.status)
    return outcome
  }

  private func output(_ move: Move, seed: UInt64?) async throws -> (String, Outcome) {
    let path = try BuiltGuests.path(move.guest)
    let arguments = try BuiltGuests.arguments(move.guest)
    var options = try #require(try DirectArguments.parse(arguments[...] + [path]))
    let channel = ScriptedChannel(input: [])
    options.configuration.console = .channel(channel)
    options.configuration.cpuCount = move.cpuCount
    options.configuration.assist = seed == nil ? .off : move.assist
    options.configuration.interruptControllers = move.interrupts
    options.configuration.randomMoves = seed
    options.configuration.timeoutNanoseconds = 120_000_000_000
    let outcome = try await VirtualMachine(options.configuration).run()
    return (String(decoding: channel.output, as: UTF8.self), outcome)
  }
}
