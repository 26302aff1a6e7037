import Testing
import X86

@testable import SoftwareEngine

/// Integer instructions on registers, compared with what a processor did (see `recordedInstructions`).
struct RecordedInstructionTests {
  @Test func agreesWithTheProcessor() throws {
    let guest = try TestGuest.long([])
    var count = 0
    let lines = recordedInstructions.split(separator: "\n")
    for index in stride(from: 0, to: lines.count - 1, by: 2) {
      let given = lines[index].split(separator: " ").map(String.init)
      let wanted = lines[index + 1].split(separator: " ").map { UInt64($0, radix: 16) ?? 0 }
      try check(guest, given, wanted)
      count += 1
    }
    #expect(count > 400)
  }

  private func check(_ guest: TestGuest, _ given: [String], _ wanted: [UInt64]) throws {
    let code = given[0].utf8.count / 2
    let bytes = (0..<code).map { index in
      let start = given[0].index(given[0].startIndex, offsetBy: index * 2)
      return UInt8(given[0][start..<given[0].index(start, offsetBy: 2)], radix: 16) ?? 0
    }
    try guest.write(bytes, at: TestGuest.codeAddress)
    let core = guest.core
    let values = given[1...5].map { UInt64($0, radix: 16) ?? 0 }
    (core.rax, core.rbx, core.rcx, core.rdx) = (values[0], values[1], values[2], values[3])
    core.rflags = RFLAGS(rawValue: values[4] | 2)
    core.rip = TestGuest.codeAddress
    while core.rip < TestGuest.codeAddress + UInt64(code) {
      let exception = guest.run()
      try #require(exception == nil, "\(given[0])")
    }
    let found = [core.rax, core.rbx, core.rcx, core.rdx, core.statusFlags]
    let text = { (values: [UInt64]) in values.map { String($0, radix: 16) }.joined(separator: " ") }
    #expect(found == wanted, "\(given.joined(separator: " ")): \(text(found)), not \(text(wanted))")
  }
}
