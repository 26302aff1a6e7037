import Foundation
import Testing

/// What is told of a guest's death, on every engine.
struct CrashTests {
  /// Runs a guest, and gives its crash report's text and JSON members.
  private func crash(_ arguments: [String], status: Int32) throws -> (text: String, json: [String: Any]) {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/report"
    let result = try Command.run(["run", "--report", path] + arguments)
    #expect(result.exitStatus == status, "\(result.status) \(result.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    return (result.errors, try #require((object as? [String: Any])?["crash"] as? [String: Any]))
  }

  @Test(arguments: TestedEngine.usable)
  func aTripleFaultIsExplained(_ engine: TestedEngine) throws {
    let (text, json) = try crash(
      engine.options + ["--mode", "long", BuiltGuests.path("triple-fault")], status: 100)
    let vcpu = try #require((json["vcpus"] as? [[String: Any]])?.first)
    #expect(vcpu["isCulprit"] as? Bool == true)
    let exits = try #require(vcpu["lastExits"] as? [[String: Any]])
    #expect(exits.count == 16 && exits.last?["kind"] as? String == "shutdown")
    #expect(text.contains("--- vCPU 0 ---") && text.contains("last 16 of "))
    // AMD's CPUs reset a vCPU on a triple fault; the software engine and Intel's leave it as it was.
    if vcpu["registersAreAfterReset"] as? Bool == true {
      #expect(engine.usesKVM)
      return
    }
    #expect(text.contains("hint: the interrupt descriptor table is empty"), "\(text)")
    #expect(text.contains("64-bit mode, CPL 0"))
    #expect(text.contains("code at RIP: f7 f1"), "DIV ECX: \(text)")
    #expect(text.contains("PML4E at 0x") && text.contains("PDE   at 0x"))
    let walks = try #require(vcpu["walks"] as? [[String: Any]])
    #expect(walks.map { $0["register"] as? String } == ["RIP", "RSP", "CR2"])
    let state = try #require(vcpu["state"] as? [String: Any])
    #expect(state["rax"] as? String == "0x1" && state["rcx"] as? String == "0x0")
    #expect(walks[0]["physical"] as? String == state["rip"] as? String, "memory is mapped to itself")
  }

  /// IRET with NT set asks for a hardware task switch, which the software engine does not carry out.
  @Test func whatTheSoftwareEngineCannotDoIsSaidInASentence() throws {
    let folder = try TemporaryFolder()
    // pushfd; or dword ptr [esp], 0x4000; popfd; iretd
    let code: [UInt8] = [0x9C, 0x81, 0x0C, 0x24, 0x00, 0x40, 0x00, 0x00, 0x9D, 0xCF]
    let image = try folder.file("task-switch", code)
    let (text, json) = try crash(["--engine", "software", "--mode", "protected", image], status: 101)
    #expect(
      text.hasPrefix("swiftvm: emulation failure on vCPU 0: the guest asked for a hardware task switch"))
    #expect(text.contains("software engine") && !text.contains("KVM"))
    #expect(text.contains("instruction that could not be carried out: cf"), "\(text)")
    #expect(json["failedInstruction"] as? String == "cf")
  }
}
