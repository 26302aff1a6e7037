import Foundation
import Testing

/// `swiftvm inspect` and `swiftvm doctor`. Neither needs KVM.
@Suite struct InspectTests {
  @Test(arguments: (try? GuestCatalog.all()) ?? [])
  func everyGuestIsUnderstood(_ guest: Guest) throws {
    // The options of `run` that `inspect` has too.
    var arguments: [String] = []
    var rest = guest.arguments[...]
    while let word = rest.popFirst() {
      if ["--mem", "--mode", "--cmdline", "--initrd", "--load-address", "--entry"].contains(word) {
        arguments += [word, rest.popFirst() ?? ""]
      }
    }
    let result = try Command.run(["inspect"] + arguments + [BuiltGuests.path(guest.name)])
    #expect(result.exitStatus == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    let format =
      switch guest.build {
      case .bootsector: "boot sector"
      case .multiboot: "Multiboot"
      case .pvh: "PVH"
      case .elf32, .elf64: "ELF"
      case .flat16, .flat32, .flat64: "flat"
      }
    let firstLine = try #require(result.output.split(separator: "\n").first)
    #expect(firstLine.localizedCaseInsensitiveContains(format), "\(firstLine)")
    #expect(result.output.contains("entry at 0x"))
    #expect(result.output.contains("usable"))
    let mode =
      switch guest.build {
      case .bootsector, .flat16: "real"
      case .flat32, .elf32, .multiboot, .pvh: "protected"
      case .flat64, .elf64: "long"
      }
    #expect(result.output.contains("in \(mode) mode"), "\(result.output)")
  }

  @Test func listsTheFirstInstructions() throws {
    let result = try Command.run(
      ["inspect", "--mode", "long", "--disassemble", "3", BuiltGuests.path("triple-fault")])
    #expect(result.exitStatus == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    let title = try #require(lines.firstIndex(of: "code at the entry point"))
    #expect(lines.count == title + 4)
    #expect(lines[title + 1] == "0x00100000  56                              push rsi")
    for count in ["0", "-1", "many"] {
      #expect(
        try Command.run(["inspect", "--disassemble=\(count)", BuiltGuests.path("hello16")]).exitStatus == 64)
    }
  }

  @Test func theDoctorsTwoFormsAgree() throws {
    let people = try Command.run("doctor")
    let script = try Command.run("doctor", "--json")
    #expect(people.exitStatus == script.exitStatus)
    #expect(people.exitStatus == 0 || people.exitStatus == 69)
    #expect(people.errors.isEmpty && script.errors.isEmpty)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(script.standardOutput)) as? [String: Any])
    #expect(!object.isEmpty)
    #expect(people.output.contains("/dev/kvm"))
    #expect(people.output.contains("software engine"))
    #expect(object["softwareUsable"] as? Bool == true)
    #expect(object["softwareLoopPicoseconds"] is Int)
    if canUseKVM {
      #expect(people.exitStatus == 0, "\(people.output)")
      // Both rings could be measured.
      #expect(object["ring0LoopPicoseconds"] is Int && object["ring3LoopPicoseconds"] is Int)
      let isEmulated = try #require(object["ring0Emulated"] as? Bool)
      #expect(people.output.contains("--assist ring0") == isEmulated, "\(people.output)")
      #expect(object["suggestedAssist"] as? String == (isEmulated ? "ring0" : "auto"))
    }
  }
}
