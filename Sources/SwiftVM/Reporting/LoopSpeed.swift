internal import Engine
internal import GuestMemory
internal import Host
internal import X86

/// Measures how fast a loop runs in ring 0 and in ring 3 of a guest: some KVMs run ring 0 by an
/// emulator, a thousand times slower, and every plan depends on knowing it.
enum LoopSpeed {
  /// Nanoseconds per iteration of `dec ecx; jnz` in 64-bit mode at the given privilege: the mode that
  /// matters, and the only one whose ring 3 such a KVM runs natively.
  ///
  /// - Parameter iterations: so many that they take milliseconds at most.
  /// - Throws: where the machine cannot be made, or does not come back as it should.
  static func measure(_ engine: some MachineEngine, ring: UInt8, iterations: UInt32) throws(EngineError)
    -> Double
  {
    let memory: GuestMemory
    do throws(GuestMemoryError) {
      memory = try GuestMemory(pcWithByteCount: 1 << 20)
      try load(iterations: iterations, into: memory)
    } catch {
      throw EngineError(error.description)
    }
    try engine.map(memory)
    // Without interrupt controllers of the kernel a machine ends faster.
    try engine.prepareInterrupts(.software)
    let processor = try engine.makeProcessor(index: 0)
    try engine.finishSetup([processor])
    try processor.loadState(entry(ring: ring))
    processor.bindToCurrentThread()
    // The first exit comes before the loop, so that set-up and page faults are not measured.
    guard case .portIO = try processor.run() else { throw EngineError("the measuring guest did not begin") }
    let start = HostClock.monotonicNanoseconds
    guard case .portIO = try processor.run() else { throw EngineError("the measuring guest did not end") }
    return Double(HostClock.monotonicNanoseconds - start) / Double(iterations)
  }

  private static let code: UInt64 = 0x1000
  private static let tables: UInt64 = 0x10000

  /// mov ecx, n; out 0xE9, al; loop: dec ecx; jnz loop; out 0xE9, al
  private static func load(iterations: UInt32, into memory: GuestMemory) throws(GuestMemoryError) {
    var bytes: [UInt8] = [0xB9]
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: iterations >> UInt32(shift))) }
    bytes += [0xE6, 0xE9, 0xFF, 0xC9, 0x75, 0xFC, 0xE6, 0xE9]
    try memory.write(bytes, at: GuestAddress(code))
    for (index, descriptor) in FlatDescriptors.table.enumerated() {
      try memory.write(descriptor, at: GuestAddress(0x500 + UInt64(8 * index)))
    }
    // The first 2 MiB, open to every ring.
    guard var builder = try? PageTableBuilder(tables: tables..<tables + 0x4000),
      (try? builder.mapIdentity(byteCount: 2 << 20, permissions: [.writable, .executable, .user])) != nil
    else { return }
    try memory.write(builder.bytes, at: GuestAddress(tables))
  }

  private static func entry(ring: UInt8) -> CPUState {
    let table = FlatDescriptors.register(of: FlatDescriptors.table, at: 0x500)
    var state = CPUState.long(entryPoint: code, pageTableRoot: tables, globalDescriptorTable: table)
    guard ring == 3 else { return state }
    state.rflags.ioPrivilegeLevel = 3
    state.cs.attributes.privilegeLevel = 3
    state.cs.selector = FlatDescriptors.userCode64Selector
    for path in [\CPUState.ss, \.ds, \.es, \.fs, \.gs] {
      state[keyPath: path].attributes.privilegeLevel = 3
      state[keyPath: path].selector = FlatDescriptors.userDataSelector
    }
    return state
  }
}
