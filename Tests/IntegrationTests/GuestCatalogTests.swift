import Foundation
import Testing

/// The catalog reads every guest's folder, and refuses what it does not understand.
struct GuestCatalogTests {
  @Test func everyGuestIsComplete() throws {
    let guests = try GuestCatalog.all()
    #expect(guests.contains { $0.name == "hello16" })
    for guest in guests {
      for file in ["README.md", "expected.txt"] {
        #expect(
          FileManager.default.fileExists(atPath: "\(guest.folder)/\(file)"),
          "guests/\(guest.name)/\(file) is missing")
      }
      for count in guest.cpuCounts { _ = try guest.expectedOutput(cpuCount: count) }
    }
  }

  @Test func theTableListsEveryGuest() throws {
    let table = try String(contentsOfFile: "\(GuestCatalog.folder)/README.md", encoding: .utf8)
    for guest in try GuestCatalog.all() {
      #expect(table.contains("[\(guest.name)](\(guest.name)/)"), "guests/README.md lacks \(guest.name)")
    }
  }

  @Test func readsEveryKey() throws {
    let text = """
      build = multiboot
      arguments = --mem 64M --cmdline "two words" --module {folder}/file ""
      status = 42
      cpus = 1 4
      stdin = a line\\n
      timeout = 7
      fails-on = some_module: it cannot
      """
    let guest = try GuestCatalog.parse(text, name: "name", folder: "/there")
    #expect(guest.build == .multiboot)
    #expect(guest.arguments == ["--mem", "64M", "--cmdline", "two words", "--module", "/there/file", ""])
    #expect(guest.status == 42)
    #expect(guest.cpuCounts == [1, 4])
    #expect(guest.standardInput == "a line\n")
    #expect(guest.timeoutSeconds == 7)
    #expect(guest.hostLimit == Guest.HostLimit(kernelModule: "some_module", reason: "it cannot"))
    #expect(guest.imagePath.hasSuffix("/guests/build/name.elf"))
  }

  @Test(arguments: [
    "status = 0", "build = flat128", "build = flat16\nstatus = none", "build = flat16\ncolour = blue",
    "build = flat16\nbuild = flat32", "build = flat16\ncpus =", "build flat16",
    "build = flat16\nfails-on = x",
  ])
  func refuses(text: String) {
    #expect(throws: GuestCatalog.ConfigurationError.self) {
      try GuestCatalog.parse(text, name: "name", folder: "/there")
    }
  }

  @Test(arguments: [
    ("a\nb\n", "a\nb\n", true), ("a\n", "a\nb\n", false), ("a\nb\n", "a\n", false), ("a\n", "a", false),
    ("cpu: X5\n", "cpu: {any}\n", true), ("cpu: \n", "cpu: {any}\n", true),
    ("gpu: X5\n", "cpu: {any}\n", false),
    ("1 of 2, yes", "{any} of {any}, yes", true), ("1 of 2, no", "{any} of {any}, yes", false),
    ("1 or 2, yes", "{any} of {any}, yes", false), ("a", "{any}aa", false), ("", "", true),
  ])
  func compares(output: String, expected: String, isAlike: Bool) {
    #expect((OutputComparison.difference(of: output, from: expected) == nil) == isAlike)
  }
}
