import Engine
import GuestMemory
import SoftwareEngine
import Testing
import X86

@testable import KVMEngine

/// User mode on KVM, with time limits that end it anywhere: also between an instruction that asks for the kernel
/// and the trap that it is to end in.
@Suite(.enabled(if: HostCheck().isUsable, "needs read and write access to /dev/kvm"))
struct UserModeTests {
  private static let code: UInt64 = 0x1000
  private static let tables: UInt64 = 0x10000

  /// An instruction that ends in the kernel, after a loop of some microseconds.
  struct Event: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var testDescription: String { name }
  }

  private static let events = [
    Event(name: "syscall", bytes: [0x0F, 0x05]), Event(name: "int3", bytes: [0xCC]),
    Event(name: "int 0x80", bytes: [0xCD, 0x80]), Event(name: "ud2", bytes: [0x0F, 0x0B]),
    Event(name: "page fault", bytes: [0x8B, 0x04, 0x25, 0x00, 0x00, 0x00, 0x40]),
    Event(name: "hlt", bytes: [0xF4]),
  ]

  @Test(arguments: events) func theInstructionIsAlwaysStillToBeDone(_ event: Event) throws {
    let ends = try onVCPUThread { try Self.run(event.bytes, times: 1000) }
    // Whatever the time was, at the instruction that asks for the kernel, or somewhere before it.
    #expect(ends.events > 0 && ends.events + ends.timesUp == 1000)
    #expect(ends.wrong.isEmpty, "\(ends.wrong)")
  }

  private struct Ends: Sendable {
    var events = 0
    var timesUp = 0
    /// RIP, RCX and RFLAGS where they cannot be.
    var wrong: [String] = []
  }

  private static func run(_ event: [UInt8], times: Int) throws -> Ends {
    let memory = try GuestMemory(pcWithByteCount: 2 << 20)
    // dec edx; jnz
    let loop: [UInt8] = [0xFF, 0xCA, 0x75, 0xFC]
    try memory.write(loop + event + [0xEB, 0xFE], at: GuestAddress(code))
    var builder = try PageTableBuilder(tables: tables..<tables + 0x4000)
    try builder.mapIdentity(byteCount: 2 << 20, permissions: [.writable, .executable, .user])
    try memory.write(builder.bytes, at: GuestAddress(tables))
    let engine = try HardwareEngine()
    try engine.map(memory)
    try engine.prepareInterrupts(.software)
    let processor = try engine.makeProcessor(index: 0)
    let helper = try SoftwareProcessor.assistant(
      index: 0, memory: memory, identification: nil, processorCount: 1)
    processor.bindToCurrentThread()
    try processor.prepareUserMode(entry(), identification: helper.identification, timeStamp: 0)
    var (ends, image) = (Ends(), ExtendedState())
    for number in 0..<times {
      var state = entry()
      state.general.rdx = 3000
      state.general.rcx = 7
      let time: UInt64? = number % 4 == 0 ? nil : UInt64(3000 + number * 97 % 40_000)
      let end = try processor.runUserMode(&state, image: &image, forAtMost: time)
      let offset = state.rip &- code
      switch end {
      case .event:
        ends.events += 1
        // SYSCALL has left its return address, and leaves it again when it is executed anew.
        let isUnchanged = state.general.rcx == 7 || state.general.rcx == state.rip &+ 2
        if offset == UInt64(loop.count), state.general.rdx == 0, isUnchanged { continue }
      case .timeIsUp:
        ends.timesUp += 1
        if [0, 2, 4].contains(offset), state.general.rcx == 7, state.cs.privilegeLevel == 3 { continue }
      default: break
      }
      ends.wrong.append("\(end): \(state.rip) \(state.general.rcx) \(state.rflags)")
    }
    withExtendedLifetime(engine) {}
    return ends
  }

  private static func entry() -> CPUState {
    let table = FlatDescriptors.register(of: FlatDescriptors.table, at: 0x500)
    var state = CPUState.long(entryPoint: code, pageTableRoot: tables, globalDescriptorTable: table)
    state.efer.insert(.systemCallExtensions)
    state.cs.attributes.privilegeLevel = 3
    state.cs.selector = FlatDescriptors.userCode64Selector
    for path in [\CPUState.ss, \.ds, \.es, \.fs, \.gs] {
      state[keyPath: path].attributes.privilegeLevel = 3
      state[keyPath: path].selector = FlatDescriptors.userDataSelector
    }
    return state
  }
}
