import Host
import Testing

@testable import SwiftVM
@testable import SwiftVMCommand

/// The tiny guests, built once for the whole test run.
enum BuiltGuests {
  struct BuildFailure: Error, CustomStringConvertible { var description: String }

  private static let result: Result<Void, BuildFailure> = {
    let script = GuestCatalog.folder + "/../scripts/build-guests"
    do {
      let run = try Command.run(program: "/bin/bash", [script], patience: 600)
      if run.status == .exited(0) { return .success(()) }
      return .failure(BuildFailure(description: "\(script) ended with \(run.status): \(run.errors)"))
    } catch {
      return .failure(BuildFailure(description: "\(script): \(error)"))
    }
  }()

  /// The path of a guest's image.
  ///
  /// - Throws: `BuildFailure` where the guests cannot be built.
  static func path(_ name: String) throws -> String {
    try result.get()
    let guest = try #require(try GuestCatalog.all().first { $0.name == name }, "there is no guest \(name)")
    return guest.imagePath
  }

  /// The options that its guest.conf has.
  static func arguments(_ name: String) throws -> [String] {
    try #require(try GuestCatalog.all().first { $0.name == name }).arguments
  }

  /// Runs a guest by the library, on this engine.
  ///
  /// - Parameter change: what else is to be as it is not by itself.
  static func run(
    _ name: String, on engine: TestedEngine,
    _ change: (inout VirtualMachine.Configuration) -> Void = { _ in }
  ) async throws -> (output: String, outcome: Outcome) {
    var options = try #require(try DirectArguments.parse(try arguments(name)[...] + [path(name)]))
    let channel = ScriptedChannel()
    options.configuration.console = .channel(channel)
    options.configuration.timeoutNanoseconds = 120_000_000_000
    engine.apply(to: &options.configuration)
    change(&options.configuration)
    let outcome = try await VirtualMachine(options.configuration).run()
    return (String(decoding: channel.output, as: UTF8.self), outcome)
  }
}
