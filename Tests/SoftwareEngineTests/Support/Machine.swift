import GuestMemory
@testable import SoftwareEngine
import X86

/// A vCPU in two megabytes of RAM, with tables at fixed places and a handler for every vector, for tests
/// of single instructions of the plain tier.
struct Machine {
  static let globalTable: UInt64 = 0x1000
  static let interruptTable: UInt64 = 0x2000
  static let taskState: UInt64 = 0x4000
  static let code: UInt64 = 0x8000
  /// The stacks of privilege levels 0 and 3 begin below these.
  static let innerStack: UInt64 = 0xA000
  static let outerStack: UInt64 = 0xC000
  static let pageTables: UInt64 = 0x10_000
  static let taskSelector: UInt16 = 0x40
  /// The first selector of the table that is free for a test.
  static let freeSelector: UInt16 = 0x50

  let memory: GuestMemory
  let cpu: Interpreter

  /// The address of the handler of a vector.
  static func handler(_ vector: UInt8) -> UInt64 { 0x9000 + UInt64(vector) * 8 }

  private init(_ state: CPUState, _ code: [UInt8], clock: MachineClock? = nil) throws {
    memory = try GuestMemory(pcWithByteCount: 2 << 20)
    cpu = Interpreter(
      index: 0, memory: PhysicalMemory(memory), model: ProcessorModel(),
      codeCache: try CodeCache(memoryEnd: 2 << 20), clock: clock)
    for (index, descriptor) in FlatDescriptors.table.enumerated() {
      try memory.write(descriptor, at: GuestAddress(rawValue: Self.globalTable + UInt64(index) * 8))
    }
    try memory.write(code, at: GuestAddress(rawValue: Self.code))
    cpu.load(state)
  }

  // MARK: Modes

  /// Real mode at 0:code, the interrupt table at 0 with handlers in segment 0.
  static func real(_ code: [UInt8]) throws -> Machine {
    var state = CPUState.realMode(codeSegment: 0, instructionPointer: UInt16(Self.code))
    state.general.rsp = innerStack
    let machine = try Machine(state, code)
    for vector in UInt8(0)...255 { machine.write(UInt32(handler(vector)), at: UInt64(vector) * 4) }
    return machine
  }

  /// 32-bit protected mode with flat segments, a TSS, and 32-bit interrupt gates of DPL 0.
  static func protected(_ code: [UInt8], privilege: UInt8 = 0) throws -> Machine {
    let table = DescriptorTable(base: globalTable, limit: 0xFF)
    var state = CPUState.flatProtected(entryPoint: UInt32(Self.code), globalDescriptorTable: table)
    state.idt = DescriptorTable(base: interruptTable, limit: 256 * 8 - 1)
    state.tr = Segment(
      selector: taskSelector, base: taskState, limit: 0x67,
      attributes: SegmentAttributes(type: SystemSegmentType.busyTSS, isCodeOrData: false))
    state.general.rsp = innerStack
    if privilege == 3 { state.enterUser(is64Bit: false) }
    let machine = try Machine(state, code)
    machine.write(UInt32(innerStack), at: taskState + 4)
    machine.write(UInt16(FlatDescriptors.dataSelector), at: taskState + 8)
    for vector in UInt8(0)...255 { machine.setGate(vector) }
    return machine
  }

  /// 64-bit mode, the first two megabytes mapped to themselves for all, a TSS and 64-bit gates.
  static func long(
    _ code: [UInt8], privilege: UInt8 = 0, clock: MachineClock? = nil
  ) throws -> Machine {
    let table = DescriptorTable(base: globalTable, limit: 0xFF)
    var state = CPUState.long(
      entryPoint: Self.code, pageTableRoot: pageTables, globalDescriptorTable: table)
    state.idt = DescriptorTable(base: interruptTable, limit: 256 * 16 - 1)
    state.efer.insert([.systemCallExtensions, .noExecuteEnable])
    state.tr = Segment(
      selector: taskSelector, base: taskState, limit: 0x67,
      attributes: SegmentAttributes(type: SystemSegmentType.busyTSS, isCodeOrData: false))
    state.general.rsp = innerStack
    if privilege == 3 { state.enterUser(is64Bit: true) }
    let machine = try Machine(state, code, clock: clock)
    machine.write(pageTables + 0x1000 | 7, at: pageTables)
    machine.write(pageTables + 0x2000 | 7, at: pageTables + 0x1000)
    machine.write(UInt64(0x87), at: pageTables + 0x2000)
    machine.write(innerStack, at: taskState + 4)
    for vector in UInt8(0)...255 { machine.setLongGate(vector) }
    return machine
  }

  /// A 32-bit gate to `handler` in the flat code segment.
  func setGate(
    _ vector: UInt8, type: UInt8 = SystemSegmentType.interruptGate, privilege: UInt8 = 0,
    isPresent: Bool = true,
    selector: UInt16 = FlatDescriptors.code32Selector
  ) {
    let rights = UInt64(type) | UInt64(privilege) << 5 | (isPresent ? 0x80 : 0)
    write(
      Self.handler(vector) & 0xFFFF | UInt64(selector) << 16 | rights << 40,
      at: Self.interruptTable + UInt64(vector) * 8)
  }

  /// A 64-bit gate to `handler`.
  func setLongGate(
    _ vector: UInt8, type: UInt8 = SystemSegmentType.interruptGate, privilege: UInt8 = 0,
    interruptStack: UInt8 = 0
  ) {
    let rights = UInt64(type) | UInt64(privilege) << 5 | 0x80
    let place = Self.interruptTable + UInt64(vector) * 16
    write(
      Self.handler(vector) & 0xFFFF | UInt64(FlatDescriptors.code64Selector) << 16
        | UInt64(interruptStack) << 32 | rights << 40, at: place)
    write(UInt64(0), at: place + 8)
  }

  /// Puts a descriptor into the global table.
  func setDescriptor(_ selector: UInt16, _ descriptor: UInt64) {
    write(descriptor, at: Self.globalTable + UInt64(selector & 0xFFF8))
  }

  // MARK: Memory and registers

  func write(_ value: some FixedWidthInteger & BitwiseCopyable, at address: UInt64) {
    try? memory.write(value, at: GuestAddress(rawValue: address))
  }

  func read<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type = Value.self, at address: UInt64)
    -> Value
  {
    (try? memory.read(type, at: GuestAddress(rawValue: address))) ?? 0
  }

  /// The words on the stack, the last pushed first.
  func stack32(_ count: Int) -> [UInt32] {
    (0..<count).map { read(at: cpu.segment(.ss).base + cpu.core.rsp + UInt64($0) * 4) }
  }

  func stack64(_ count: Int) -> [UInt64] { (0..<count).map { read(at: cpu.core.rsp + UInt64($0) * 8) } }

  func step(_ count: Int = 1) { for _ in 0..<count { cpu.step() } }

  /// The vector whose handler RIP is at, or nil.
  var enteredVector: UInt8? {
    let offset = cpu.core.rip &- Self.handler(0)
    return offset < 256 * 8 && offset % 8 == 0 ? UInt8(offset / 8) : nil
  }

  var flags: RFLAGS { cpu.core.rflags }
}

extension CPUState {
  /// Changes to privilege level 3 with the flat segments of `FlatDescriptors`.
  fileprivate mutating func enterUser(is64Bit: Bool) {
    cs =
      is64Bit
      ? .flatCode64(FlatDescriptors.userCode64Selector, privilegeLevel: 3)
      : .flatCode32(FlatDescriptors.userCode32Selector, privilegeLevel: 3)
    ss = .flatData(FlatDescriptors.userDataSelector, privilegeLevel: 3)
    ds = ss
    es = ss
    general.rsp = Machine.outerStack
  }
}
