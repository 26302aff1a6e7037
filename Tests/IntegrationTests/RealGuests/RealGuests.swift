import Glibc
import Testing

/// Guests that others wrote: Debian's kernel, memtest86+, iPXE.
///
/// `scripts/test` fetches them, builds a release `swiftvm`, because a debug one takes many minutes for a
/// kernel, and names it in the environment. Without both these tests are skipped.
enum RealGuests {
  /// The release `swiftvm`; nil where nobody named one.
  static let command = unsafe getenv("SWIFTVM_RELEASE").map { unsafe String(cString: $0) }

  /// Where they are.
  static let folder = GuestCatalog.folder + "/../.build/guests"

  static let areThere =
    command != nil
    && [
      "vmlinuz", "vmlinuz-gzip", "vmlinuz-zstd", "vmlinuz-xz", "initramfs.cpio", "memtest86+x64.bin",
      "ipxe.lkrn",
    ].allSatisfy { unsafe access("\(folder)/\($0)", R_OK) == 0 }
  static let reason: Comment =
    "real guests need Debian's packages (a network, the first time) and a release build: scripts/test has both"

  /// How long one may take, in seconds: on a busy machine a kernel takes some minutes in software. No measure
  /// of speed.
  static let patience = 900

  /// Runs one, in software if nothing else is said.
  ///
  /// The tests that share this run one at a time: each keeps a processor busy.
  static func start(
    _ options: [String], engine: [String] = ["--engine", "software"], input: Command.Stream = .pipe,
    output: Command.Stream = .pipe
  ) throws -> RunningCommand {
    try RunningCommand(
      ["run"] + engine + options, program: #require(command), input: input, output: output)
  }

  /// The options that boot Linux with these words on its command line, and `then` at the end.
  static func linux(_ options: [String] = [], kernel: String = "vmlinuz", words: String) -> [String] {
    ["--mem", "256M", "--initrd", "\(folder)/initramfs.cpio", "--cmdline", "console=ttyS0 panic=-1 \(words)"]
      + options + ["\(folder)/\(kernel)"]
  }
}

/// The tests with real guests, one after the other.
@Suite(.serialized, .enabled(if: RealGuests.areThere, RealGuests.reason))
enum RealGuestTests {}
