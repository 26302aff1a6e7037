internal import Engine
internal import X86

/// The stubs by which the host's CPU executes x87, MMX and SSE instructions: the guest's instruction
/// set is the host's, so that each result, each flag and each rounding is the CPU's own.
///
/// One for all vCPUs of a machine, which take turns. Stubs are made when first needed. The plain tier
/// looks them up with each instruction, and drops them all when there is no room for another; the
/// threaded tier keeps those it asked for, so they are kept apart and live until it says otherwise.
@safe
final class NativeCode {
  /// A page for operands that cannot be reached where they are, and for register images on their way.
  let scratch: UnsafeMutableRawPointer
  static let scratchByteCount = 4096

  private let passing: ExecutableMemory?
  private let kept: ExecutableMemory?
  private let slots: UnsafeMutablePointer<Slot>
  private var keptStubs: [UInt64: NativeStub] = [:]

  @unsafe
  private struct Slot {
    var key: UInt64
    var stub: NativeStub?
  }

  /// Stubs by a hash of their key: one that falls on another's slot takes its place. A power of two.
  private static let slotCount = 4096
  private static let byteCount = 2 << 20

  /// - Parameter memory: where the stubs are made; gives nil where the system allows none.
  init(memory: (Int) -> ExecutableMemory? = ExecutableMemory.init) {
    passing = memory(Self.byteCount)
    kept = memory(Self.byteCount)
    unsafe scratch = .allocate(byteCount: Self.scratchByteCount, alignment: 64)
    unsafe scratch.initializeMemory(as: UInt8.self, repeating: 0, count: Self.scratchByteCount)
    unsafe slots = .allocate(capacity: Self.slotCount)
    unsafe slots.initialize(repeating: Slot(key: 0, stub: nil), count: Self.slotCount)
  }

  deinit {
    unsafe slots.deallocate()
    unsafe scratch.deallocate()
  }

  /// Whether stubs can be made here at all. Where not, there is no processor for 64-bit mode: that
  /// always has x87, SSE and SSE2 (AMD APM Vol. 1, 1.1.1), and programs do not ask.
  private var isAvailable: Bool { passing != nil && kept != nil }

  /// Refuses where the guest could not have x87 and SSE instructions.
  func requireAvailability() throws(EngineError) {
    if isAvailable { return }
    throw EngineError(
      "the software engine cannot run: the system gives this process no memory for machine code made at run time, by which x87 and SSE instructions are executed; allow it (SELinux: execmem; systemd: MemoryDenyWriteExecute=no), or use --engine kvm"
    )
  }

  /// Whether the processor may be said to have `feature`: false for an instruction set that the host's
  /// CPU would have to execute and does not have.
  static func hostHas(_ feature: InstructionFeature) -> Bool { HostFeatures.current.has(feature) }

  /// The stub of an instruction of the families MMX and SSE, good until the next call; nil where the
  /// host does not have the instruction.
  func stub(vector instruction: borrowing Instruction) -> NativeStub? {
    stub(NativeEncoding(vector: instruction), instruction, isX87: false)
  }

  /// The stub of an x87 instruction, good until the next call; nil where there can be none.
  func stub(x87 instruction: borrowing Instruction) -> NativeStub? {
    stub(NativeEncoding(x87: instruction), instruction, isX87: true)
  }

  @inline(__always)
  private func stub(_ encoding: NativeEncoding, _ instruction: borrowing Instruction, isX87: Bool)
    -> NativeStub?
  {
    let hash = encoding.key &* 0x9E37_79B9_7F4A_7C15
    let slot = Int(truncatingIfNeeded: hash >> 52) & (Self.slotCount &- 1)
    // Sound: `slot` is less than `slotCount`.
    if unsafe slots[slot].key == encoding.key { return unsafe slots[slot].stub }
    let stub = make(encoding, instruction, isX87: isX87)
    unsafe slots[slot] = Slot(key: encoding.key, stub: stub)
    return stub
  }

  @inline(never)
  private func make(_ encoding: NativeEncoding, _ instruction: borrowing Instruction, isX87: Bool)
    -> NativeStub?
  {
    guard let passing, Self.canExecute(instruction) else { return nil }
    let traits = isX87 ? NativeTraits(x87: instruction.operation) : NativeTraits(vector: instruction)
    let operands = instruction.operands
    if let stub = NativeStub(encoding, traits, isX87: isX87, in: passing, operands: operands) { return stub }
    passing.removeAll()
    // Sound: there are `slotCount` of them.
    unsafe slots.update(repeating: Slot(key: 0, stub: nil), count: Self.slotCount)
    return NativeStub(encoding, traits, isX87: isX87, in: passing, operands: operands)
  }

  /// The stub of an MMX or SSE instruction, good until `dropKeptStubs`; nil where there is none, or no
  /// room for one.
  func keptStub(vector instruction: borrowing Instruction) -> NativeStub? {
    let encoding = NativeEncoding(vector: instruction)
    if let stub = keptStubs[encoding.key] { return stub }
    guard let kept, Self.canExecute(instruction) else { return nil }
    let stub = NativeStub(
      encoding, NativeTraits(vector: instruction), isX87: false, in: kept, operands: instruction.operands)
    keptStubs[encoding.key] = stub
    return stub
  }

  /// Drops what `keptStub` returned: no operation that calls one may be left.
  func dropKeptStubs() {
    keptStubs.removeAll(keepingCapacity: true)
    kept?.removeAll()
  }

  /// A byte sequence that the host's CPU does not know would end the process.
  private static func canExecute(_ instruction: borrowing Instruction) -> Bool {
    let prefixes = instruction.prefixes
    return hostHas(instruction.feature) && prefixes.isDisjoint(with: [.vex, .evex, .lock])
  }
}
