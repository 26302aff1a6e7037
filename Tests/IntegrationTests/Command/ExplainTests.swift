import Foundation
import Testing

/// `--explain cpu`.
struct ExplainTests {
  @Test(arguments: TestedEngine.usable)
  func saysWhatTheGuestsCPUIsBeforeItRuns(_ engine: TestedEngine) throws {
    let result = try Command.run(
      ["run", "--explain", "cpu", "--mode", "long"] + engine.options + [BuiltGuests.path("hello64")])
    #expect(result.exitStatus == 0)
    #expect(result.output == "Hello from 64-bit long mode.\n")
    let lines = result.errorLines
    #expect(lines.allSatisfy { $0.hasPrefix("swiftvm: ") }, "\(result.errors)")
    #expect(lines.first?.hasPrefix("swiftvm: The guest's CPU is") == true)
    for beginning in ["cpuid passed   ", "cpuid invented ", "msr   passed   ", "msr   hidden   all others: "]
    {
      #expect(lines.contains { $0.hasPrefix("swiftvm: \(beginning)") }, "\(beginning)")
    }
    #expect(lines.contains { $0.contains("0x277 (IA32_PAT)") })
    #expect(lines.last == "swiftvm: The guest asked for nothing of its CPU that it does not have.")
  }

  @Test func saysNothingUnasked() throws {
    let result = try Command.run(
      ["run", "--engine", "software", "--mode", "long", BuiltGuests.path("hello64")])
    #expect(result.errors.isEmpty)
  }

  /// RDMSR of IA32_FEATURE_CONTROL in real mode, with a handler for the #GP that writes 42 to the exit port.
  @Test(arguments: TestedEngine.usableCPUs)
  func saysWhatTheGuestWasDenied(_ engine: TestedEngine) throws {
    let folder = try TemporaryFolder()
    let report = "\(folder.path)/report.json"
    let code: [UInt8] = [
      // xor ax, ax; mov ds, ax; mov ss, ax; mov sp, 0x7000; call +0; pop bx; add bx, 0x18
      0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xD0, 0xBC, 0x00, 0x70, 0xE8, 0, 0, 0x5B, 0x83, 0xC3, 0x18,
      // mov [13 * 4], bx; mov [13 * 4 + 2], cs; mov ecx, 0x3a; rdmsr; mov al, 1; out 0xf4, al
      0x89, 0x1E, 0x34, 0, 0x8C, 0x0E, 0x36, 0, 0x66, 0xB9, 0x3A, 0, 0, 0, 0x0F, 0x32, 0xB0, 1, 0xE6, 0xF4,
      // mov al, 42; out 0xf4, al; jmp $
      0xB0, 42, 0xE6, 0xF4, 0xEB, 0xFE,
    ]
    let result = try Command.run(
      ["run", "--explain=cpu", "--mode", "real", "--report", report] + engine.options
        + [folder.file("denied", code)])
    #expect(result.exitStatus == 42, "\(result.errors)")
    #expect(
      result.errors.contains("msr   denied   0x3a (IA32_FEATURE_CONTROL): 1 × RDMSR, first at 0x"),
      "\(result.errors)")
    let text = try folder.text(of: "report.json")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let denied = try #require(object["denied"] as? [String: Any])
    let registers = try #require(denied["registers"] as? [[String: Any]])
    #expect(registers.count == 1 && registers[0]["register"] as? String == "0x3a")
    #expect(registers[0]["name"] as? String == "IA32_FEATURE_CONTROL")
    #expect(registers[0]["reads"] as? Int == 1 && registers[0]["writes"] as? Int == 0)
  }
}
