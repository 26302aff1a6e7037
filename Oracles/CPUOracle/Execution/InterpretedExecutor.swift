internal import GuestMemory
internal import Host
internal import SoftwareEngine
internal import X86

/// Runs test cases in the software engine.
final class InterpretedExecutor {
  private let arena: GuestArena
  private let probe: InstructionProbe
  private let tier: InstructionProbe.Tier
  private let filler: UInt8

  /// A processor in ring 3 with code of this size.
  init(_ codeSize: CodeSize, tier: InstructionProbe.Tier, place: Reach.Place = .process) throws(OracleError) {
    arena = try GuestArena()
    do throws(SystemError) {
      probe = try InstructionProbe(memory: arena.memory, state: GuestArena.userState(codeSize, in: place))
    } catch {
      throw .environment("Cannot make a processor in software: \(error)")
    }
    self.tier = tier
    // What does not decode ends a block of the threaded tier: each is the instruction alone.
    filler = tier == .threaded ? 0x06 : 0xCC
    for offset in 0..<ArenaLayout.codeByteCount { HostMemory.store(filler, at: arena.codeAddress + offset) }
  }

  var isPlain: Bool { tier == .plain }

  /// The tier's name in reports.
  var name: String { tier == .plain ? "plain tier" : "threaded tier" }

  /// Where the bytes of the data pages are.
  var dataAddress: UInt64 { arena.dataAddress }

  /// Runs a test case. Memory must be as the test wants it.
  func run(_ test: TestCase, into result: inout TestResult) {
    let start = test.registers.rip
    let offset = start &- ArenaLayout.code
    let room = ArenaLayout.codeByteCount > offset ? ArenaLayout.codeByteCount - offset : 0
    let count = min(UInt64(test.length), room)
    for index in 0..<count {
      HostMemory.store(test.bytes[Int(index)], at: arena.codeAddress + offset + index)
    }
    let physical = GuestArena.physicalBase + (start &- ArenaLayout.base)
    probe.didWrite(physical, byteCount: count)

    result.registers = test.registers
    if test.usesExtended {
      result.extended = test.extended
      result.ending = unsafe withUnsafeMutablePointer(to: &result.extended) {
        // Sound: the image has as many bytes as the probe wants.
        unsafe probe.execute(&result.registers, extended: UnsafeMutableRawPointer($0), tier: tier)
      }
    } else {
      result.ending = unsafe probe.execute(&result.registers, extended: nil, tier: tier)
    }
    for index in 0..<count { HostMemory.store(filler, at: arena.codeAddress + offset + index) }
    probe.didWrite(physical, byteCount: count)
  }
}
