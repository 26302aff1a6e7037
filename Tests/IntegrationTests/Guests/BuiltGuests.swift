import Host
import Testing

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
}
