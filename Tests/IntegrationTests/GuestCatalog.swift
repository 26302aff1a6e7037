import Foundation
import Testing

/// One of the tiny guests under guests/, as its folder describes it: guest.conf says how it is built
/// and run, expected.txt what it prints. guests/README.md explains both.
struct Guest: Sendable, CustomTestStringConvertible {
  /// What scripts/build-guests makes of it.
  enum Build: String, Sendable, CaseIterable {
    case bootsector, flat16, flat32, flat64, elf32, elf64, multiboot, pvh

    /// Whether the image is an ELF file; the others are their bare bytes.
    var isELF: Bool {
      switch self {
      case .bootsector, .flat16, .flat32, .flat64: false
      case .elf32, .elf64, .multiboot, .pvh: true
      }
    }
  }

  /// A kernel module of some hosts whose KVM cannot run this guest, and why.
  struct HostLimit: Sendable, Equatable {
    var kernelModule: String
    var reason: String
  }

  /// The folder's name.
  var name: String
  /// The folder's path.
  var folder: String
  var build: Build
  /// Options for `swiftvm run`, before the image.
  var arguments: [String] = []
  /// The exit status `swiftvm` must have.
  var status: Int32 = 0
  /// The numbers of vCPUs it is to be run with.
  var cpuCounts: [Int] = [1]
  /// What it is given on standard input.
  var standardInput = ""
  /// After how many seconds a run has failed.
  var timeoutSeconds = 20
  var hostLimit: HostLimit?

  var testDescription: String { name }

  /// Where scripts/build-guests puts the image.
  var imagePath: String { "\(GuestCatalog.folder)/build/\(name).\(build.isELF ? "elf" : "bin")" }

  /// What it must print with so many vCPUs. "{any}" stands for any text within a line.
  func expectedOutput(cpuCount: Int) throws -> String {
    let special = "\(folder)/expected-cpus\(cpuCount).txt"
    let path = FileManager.default.fileExists(atPath: special) ? special : "\(folder)/expected.txt"
    return try String(contentsOfFile: path, encoding: .utf8)
  }
}

/// The guests, read from their folders.
enum GuestCatalog {
  /// The folder guests/ of this checkout.
  static let folder: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/") + "/guests"
  }()

  /// Why a guest's folder cannot be used.
  struct ConfigurationError: Error, CustomStringConvertible, Equatable {
    var description: String
  }

  /// Every folder with a guest.conf, in alphabetical order.
  static func all() throws -> [Guest] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
      let path = "\(folder)/\(name)/guest.conf"
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      return try parse(
        String(contentsOfFile: path, encoding: .utf8), name: name, folder: "\(folder)/\(name)")
    }
  }

  /// Reads a guest.conf: lines of `key = value`. Every key must be known, so that none is misspelt.
  static func parse(_ text: String, name: String, folder: String) throws(ConfigurationError) -> Guest {
    func fail(_ what: String) -> ConfigurationError {
      ConfigurationError(description: "guests/\(name)/guest.conf: \(what)")
    }
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { throw fail("\"\(line)\" is not `key = value`.") }
      let key = line[..<equals].trimmingCharacters(in: .whitespaces)
      let value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
      guard values.updateValue(value, forKey: key) == nil else { throw fail("\"\(key)\" is there twice.") }
    }
    func number<Number: FixedWidthInteger>(_ key: String, _ text: String) throws(ConfigurationError) -> Number
    {
      guard let number = Number(text) else { throw fail("\"\(key)\" needs a number, not \"\(text)\".") }
      return number
    }

    guard let build = values.removeValue(forKey: "build") else { throw fail("\"build\" is missing.") }
    guard let kind = Guest.Build(rawValue: build) else {
      throw fail("\"build = \(build)\" is no known kind.")
    }
    var guest = Guest(name: name, folder: folder, build: kind)
    for (key, value) in values {
      switch key {
      case "arguments":
        guest.arguments = words(value).map { $0.replacingOccurrences(of: "{folder}", with: folder) }
      case "status": guest.status = try number(key, value)
      case "cpus":
        guest.cpuCounts = []
        for count in value.split(separator: " ") { guest.cpuCounts.append(try number(key, String(count))) }
        if guest.cpuCounts.isEmpty { throw fail("\"cpus\" needs at least one number.") }
      case "stdin": guest.standardInput = value.replacingOccurrences(of: "\\n", with: "\n")
      case "timeout": guest.timeoutSeconds = try number(key, value)
      case "fails-on":
        guard let colon = value.firstIndex(of: ":") else {
          throw fail("\"fails-on\" needs the name of a kernel module, a colon, and the reason.")
        }
        guest.hostLimit = Guest.HostLimit(
          kernelModule: String(value[..<colon]),
          reason: value[value.index(after: colon)...].trimmingCharacters(in: .whitespaces))
      default: throw fail("the key \"\(key)\" is not known.")
      }
    }
    return guest
  }

  /// Splits at spaces, except between double quotes.
  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    for character in text {
      switch character {
      case "\"":
        isQuoted.toggle()
        word = word ?? ""
      case " " where !isQuoted:
        if let word { words.append(word) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    if let word { words.append(word) }
    return words
  }
}
