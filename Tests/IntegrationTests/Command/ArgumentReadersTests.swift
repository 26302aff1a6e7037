import ArgumentParser
import Foundation
import SwiftVM
import Testing

@testable import SwiftVMCommand

/// The direct reader and the argument parser read a command line alike.
@Suite struct ArgumentReadersTests {
  /// The parser's reading of the words after `run`.
  private func parsed(_ words: [String]) throws -> RunOptions { try RunCommand.parse(words).options() }

  private func describe(_ options: RunOptions) -> String {
    var text = ""
    dump(options, to: &text)
    return text
  }

  private static let values: [RunOptions.Option: [String]] = [
    .mem: ["64M", "1G", "0x4000000", "1048576", "512K", "3MiB"],
    .cpus: ["1", "2", "255", "0", "0x10"],
    .mode: ["real", "protected", "long"],
    .cmdline: ["", "quiet", "a b  c", "root=/dev/vda rw", "=", "--", "é", "x=--y"],
    .initrd: ["initrd.img", "/a b/c", "x,y"],
    .module: ["module", "module,its text", "a,b,c", ",", ""],
    .serial: ["stdio", "none", "pty", "file:/tmp/log", "unix:/tmp/socket"],
    .exitPort: ["none", "0xf4", "501", "0"],
    .exitStatus: ["raw", "qemu"],
    .timeout: ["1", "500ms", "1.5", "2m", "10s"],
    .engine: ["auto", "kvm", "software"],
    .irqchip: ["auto", "kernel", "software"],
    .assist: ["auto", "off", "ring0"],
    .explain: ["cpu"],
    .report: ["report.json", "/dev/stdout", "a=b"],
    .loadAddress: ["0x100000", "1M", "4096"],
    .entry: ["0x100000", "0"],
    .bios: ["auto", "none"],
    .kernelUnpack: ["auto", "vmm", "guest"],
  ]

  @Test func everyOptionHasValuesToTry() {
    #expect(Set(Self.values.keys) == Set(RunOptions.Option.allCases))
  }

  /// Random command lines, all of them right: each option at most a few times, in both notations,
  /// the image anywhere between them, the guest's arguments last.
  @Test func readRandomCommandLinesAlike() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      var words: [String] = []
      var hasImage = false
      for _ in 0..<Int.random(in: 0..<9, using: &generator) {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<7:
          let option = RunOptions.Option.allCases.randomElement(using: &generator)!
          let value = Self.values[option]!.randomElement(using: &generator)!
          // A value that begins like an option must be joined to its name.
          if !value.isEmpty && Bool.random(using: &generator) || value.hasPrefix("-") {
            words.append("--\(option.rawValue)=\(value)")
          } else {
            words += ["--\(option.rawValue)", value]
          }
        case 7, 8: words.append("--\(RunOptions.Switch.allCases.randomElement(using: &generator)!.rawValue)")
        default:
          guard !hasImage else { continue }
          hasImage = true
          words.append(["guest.bin", "/a/b c", "x=y"].randomElement(using: &generator)!)
        }
      }
      if Int.random(in: 0..<3, using: &generator) == 0 {
        words.append("--")
        words += (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
          ["console=ttyS0", "--mem", "-x", "--", "a b", ""].randomElement(using: &generator)!
        }
      }
      let direct = try #require(try DirectArguments.parse(words[...]), "the direct reader passed on \(words)")
      let parser = try parsed(words)
      try #require(describe(direct) == describe(parser), "\(words)")
    }
  }

  /// Where the direct reader refuses a value, the parser refuses it too, with the same words.
  @Test(arguments: [
    ["--mem", "x"], ["--cpus=-1"], ["--mode", "fast"], ["--serial", "tty"], ["--exit-port", "99999"],
    ["--exit-status", "0"], ["--timeout", "never"], ["--engine", "tcg"], ["--irqchip", "split"],
    ["--load-address", "1X"], ["--explain", "memory"], ["--bios", "seabios"],
  ])
  func refuseAlike(_ words: [String]) throws {
    let direct = #expect(throws: RunOptions.UsageError.self) { _ = try DirectArguments.parse(words[...]) }
    let error = #expect(throws: (any Error).self) { _ = try RunCommand.parse(words) }
    let description = try #require(direct?.description)
    #expect(RunCommand.message(for: try #require(error)) == description)
  }

  /// What is not plainly right is left to the parser, which explains it.
  @Test(arguments: [
    ["--help"], ["-h"], ["--version"], ["--nonsense"], ["--timings=1"], ["a", "b"], ["--mem"],
    ["--mem", "--verbose"],
    ["-"], ["--mem", "-1"], ["--cmdline="],
  ])
  func leaveTheRestToTheParser(_ words: [String]) throws {
    let isLeft = try DirectArguments.parse(words[...]) == nil
    #expect(isLeft)
  }

  /// The parser declares exactly the options that the direct reader knows.
  @Test func knowTheSameOptions() throws {
    let text = try Command.run("--experimental-dump-help").output
    let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let command = try #require(root["command"] as? [String: Any])
    let subcommands = try #require(command["subcommands"] as? [[String: Any]])
    let run = try #require(subcommands.first { $0["commandName"] as? String == "run" })
    var options: Set<String> = []
    var flags: Set<String> = []
    for argument in try #require(run["arguments"] as? [[String: Any]]) {
      let names = (argument["names"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
      switch argument["kind"] as? String {
      case "option": options.formUnion(names)
      case "flag": flags.formUnion(names)
      default: #expect(names.isEmpty)
      }
    }
    #expect(options == Set(RunOptions.Option.allCases.map(\.rawValue)))
    #expect(flags.subtracting(["help", "h", "version"]) == Set(RunOptions.Switch.allCases.map(\.rawValue)))
  }
}
