import Foundation
import Testing

extension RealGuestTests {
  /// Debian's kernel with a compressed kernel in it that was damaged: it is told before the machine starts.
  struct DamagedKernelTests {
    /// A kernel, as a file's name, and what is done to it.
    struct Damage: Sendable, CustomTestStringConvertible {
      enum Kind: String, Sendable {
        /// One bit in the middle of the payload is another.
        case changed
        /// The payload has its first half and its size only.
        case cut
        /// The file ends in the middle of the payload.
        case cutFile
      }
      var kernel: String
      var kind: Kind
      /// What the sentence must say of it.
      var words: [String]
      var testDescription: String { "\(kernel), \(kind.rawValue)" }
    }

    /// What is said of a payload that was cut. To gzip the size at the end is more data, of which anything can come.
    private static let endings = [
      "LZ4": "the block at byte", "zstd": "they end too early", "xz": "they end too early",
    ]

    /// LZ4's form has no checksum: a change of one bit is not always seen.
    private static let damages: [Damage] =
      ["vmlinuz", "vmlinuz-gzip", "vmlinuz-zstd", "vmlinuz-xz"].flatMap { kernel in
        let format = ["vmlinuz-gzip": "gzip", "vmlinuz-zstd": "zstd", "vmlinuz-xz": "xz"][kernel] ?? "LZ4"
        var damages = [
          Damage(
            kernel: kernel, kind: .cut,
            words: ["its \(format) data are damaged"] + (endings[format].map { [$0] } ?? [])),
          Damage(kernel: kernel, kind: .cutFile, words: ["bytes of protected-mode code"]),
        ]
        if format != "LZ4" {
          damages.append(
            Damage(kernel: kernel, kind: .changed, words: ["its \(format) data are damaged", "so."]))
        }
        return damages
      }

    @Test(arguments: damages) func isTold(_ damage: Damage) throws {
      let folder = try TemporaryFolder()
      let path = "\(folder.path)/\(damage.kernel)"
      try damaged(damage).write(to: URL(fileURLWithPath: path))
      for unpacking in ["auto", "vmm"] {
        let command = try RealGuests.start(["--mem", "256M", "--kernel-unpack", unpacking, path])
        command.endInput()
        let result = command.finish(patience: RealGuests.patience)
        #expect(result.exitStatus == 66, "\(result.status) \(result.output.suffix(200))")
        #expect(result.standardOutput.isEmpty && result.errorLines.count == 1, "\(result.errors)")
        for word in [path, "is damaged or cut off"] + damage.words {
          #expect(result.errors.contains(word), "\(word): \(result.errors)")
        }
        if damage.kind != .cutFile { #expect(result.errors.contains("--kernel-unpack guest")) }
      }
    }

    /// The bzImage with that damage, by the fields of its setup header (Linux Documentation/arch/x86/boot.rst).
    private func damaged(_ damage: Damage) throws -> Data {
      var file = try Data(contentsOf: URL(fileURLWithPath: "\(RealGuests.folder)/\(damage.kernel)"))
      func number(_ offset: Int) -> Int {
        file[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
      }
      let start = (Int(file[0x1F1]) + 1) * 512 + number(0x248)
      let count = number(0x24C)
      try #require(start + count <= file.count)
      switch damage.kind {
      case .changed: file[start + count / 2] ^= 0x10
      case .cutFile: file = file.prefix(start + count / 2)
      case .cut:
        let size = file[start + count - 4..<start + count]
        file.replaceSubrange(start + count / 2..<start + count / 2 + 4, with: size)
        for (index, shift) in [0, 8, 16, 24].enumerated() {
          file[0x24C + index] = UInt8(truncatingIfNeeded: (count / 2 + 4) >> shift)
        }
      }
      return file
    }
  }
}
