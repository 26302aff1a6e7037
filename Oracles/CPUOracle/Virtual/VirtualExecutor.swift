internal import Engine
internal import GuestMemory
internal import KVMEngine
internal import SoftwareEngine
internal import X86

/// Runs test cases in ring 3 of a guest on KVM, many for each entry. There the bases of FS and GS, CR4
/// and the descriptor tables are ours, and faults are what the CPU says and not what Linux makes of it.
final class VirtualExecutor {
  private let arena: GuestArena
  private let engine: HardwareEngine
  private let processor: HardwareProcessor
  private let stubs: NativeStubs
  private let background: MemoryBackground
  /// Where the loop over the cases ends.
  private let end: UInt64

  init(background: MemoryBackground) throws(OracleError) {
    arena = try GuestArena(isSelfRunning: true)
    self.background = background
    let origin = arena.arenaAddress
    func host(_ linear: UInt64) -> UInt64 { origin + (linear - ArenaLayout.base) }
    stubs = NativeStubs(alias: host(ArenaLayout.stubs))
    let driver = DriverCode.make()
    end = driver.end
    Self.put(driver.bytes, at: host(VirtualLayout.driver))
    let monitor = MonitorCode.make()
    Self.put(monitor.code, at: host(VirtualLayout.monitor))
    for (index, entry) in MonitorCode.globalDescriptors.enumerated() {
      HostMemory.store(entry, at: host(VirtualLayout.descriptors) + UInt64(index) * 8)
    }
    func putGate(_ vector: UInt64, _ handler: UInt64, privilegeLevel: UInt64) {
      let gate = MonitorCode.gate(handler, privilegeLevel: privilegeLevel)
      HostMemory.store(gate.0, at: host(VirtualLayout.interrupts) + vector * 16)
      HostMemory.store(gate.1, at: host(VirtualLayout.interrupts) + vector * 16 + 8)
    }
    for (vector, handler) in monitor.handlers.enumerated() {
      putGate(UInt64(vector), handler, privilegeLevel: vector == 3 || vector == 4 ? 3 : 0)
    }
    HostMemory.store(VirtualLayout.monitorStackTop, at: host(ArenaLayout.task) + 4)
    background.copy(to: host(VirtualLayout.template))

    do throws(EngineError) {
      engine = try HardwareEngine()
      try engine.map(arena.memory)
      try engine.prepareInterrupts(.engine)
      processor = try engine.makeProcessor(index: 0)
      try engine.finishSetup([processor])
      processor.bindToCurrentThread()
    } catch {
      throw .environment("Cannot make a guest on KVM: \(error)")
    }
  }

  private static func put(_ bytes: [UInt8], at address: UInt64) {
    for (offset, byte) in bytes.enumerated() { HostMemory.store(byte, at: address + UInt64(offset)) }
  }

  private func slot(_ index: Int) -> UInt64 {
    arena.arenaAddress + (VirtualLayout.slots - ArenaLayout.base) + UInt64(index)
      * VirtualLayout.slotByteCount
  }

  /// Runs up to `VirtualLayout.slotCount` cases.
  func run(_ tests: [TestCase]) throws(OracleError) {
    guard !tests.isEmpty else { return }
    for (index, test) in tests.enumerated() { prepare(test, slot(index)) }
    var state = GuestArena.userState(.bits64, in: .guest)
    state.gdt = DescriptorTable(
      base: VirtualLayout.descriptors, limit: UInt16(MonitorCode.globalDescriptors.count * 8 - 1))
    state.idt = DescriptorTable(base: VirtualLayout.interrupts, limit: 32 * 16 - 1)
    state.tr.selector = MonitorCode.taskSelector
    state.rip = VirtualLayout.driver
    state.general[3] = VirtualLayout.slots
    state.general[5] = UInt64(tests.count)
    state.general[4] = VirtualLayout.stackTop
    do throws(EngineError) {
      try processor.loadState(state)
      while true {
        switch try processor.run() {
        case .portIO(let access) where access.port == UInt16(VirtualLayout.exitPort):
          let fault = pendingFault(try processor.saveState())
          if fault.vector == 6, fault.rip == end { return }
          throw EngineError(
            "A fault outside of any case: vector \(fault.vector) at \(hexadecimal(fault.rip)).")
        case .interrupted: continue
        case let exit: throw EngineError("The guest left with \(exit): \(try processor.saveState())")
        }
      }
    } catch {
      throw .environment("The guest on KVM did not finish its cases. \(error)")
    }
  }

  /// What the handler was called for, which is still on its stack.
  private func pendingFault(_ state: CPUState) -> (vector: UInt64, rip: UInt64) {
    let offset = state.general[4] &- ArenaLayout.base
    guard offset < VirtualLayout.byteCount - 24 else { return (.max, 0) }
    let stack = arena.arenaAddress + offset
    return (HostMemory.load(at: stack), HostMemory.load(at: stack + 16))
  }

  private func prepare(_ test: TestCase, _ slot: UInt64) {
    typealias Slot = VirtualLayout.Slot
    HostMemory.store(test.registers, at: slot + Slot.before)
    let leave = test.usesExtended ? stubs.leaveWithExtended : stubs.leave
    HostMemory.store(leave, at: slot + Slot.resumeAt)
    HostMemory.store(test.usesExtended ? stubs.enterWithExtended : stubs.enter, at: slot + Slot.entry)
    let start = test.registers.rip
    HostMemory.store(VirtualLayout.codeAlias + (start - ArenaLayout.code), at: slot + Slot.codeTarget)
    for offset in UInt64(0)..<32 { HostMemory.store(UInt8(0xCC), at: slot + Slot.code + offset) }
    for index in 0..<test.length { HostMemory.store(test.bytes[index], at: slot + Slot.code + UInt64(index)) }
    let behind = slot + Slot.code + UInt64(test.length)
    HostMemory.store(UInt8(0xE9), at: behind)
    let distance = leave &- (start &+ UInt64(test.length) &+ 5)
    HostMemory.store(UInt32(truncatingIfNeeded: distance), at: behind + 1)
    if test.usesExtended { HostMemory.store(test.extended, at: slot + Slot.extendedBefore) }
    preparePatches(test, slot + Slot.patches)
  }

  /// Eight writes of eight bytes; those that do not lie in the data pages write what is there already.
  private func preparePatches(_ test: TestCase, _ place: UInt64) {
    for index in UInt64(0)..<8 {
      var address = VirtualLayout.stack
      var value: UInt64 = 0
      if index / 2 < test.patchCount {
        let patch = test.patches[Int(index / 2)]
        let target = patch.address &+ (index & 1) * 8
        if target >= ArenaLayout.data, target <= ArenaLayout.readOnly - 8 {
          (address, value) = (target, index & 1 == 0 ? patch.low : patch.high)
        }
      }
      HostMemory.store(address, at: place + index * 16)
      HostMemory.store(value, at: place + index * 16 + 8)
    }
  }

  /// What became of case `index` of the last run.
  func readResult(_ index: Int, of test: TestCase, into result: inout TestResult) {
    let slot = slot(index)
    NativeState.readResult(at: slot + VirtualLayout.Slot.after, of: test, into: &result)
    if test.usesExtended { result.extended = HostMemory.load(at: slot + VirtualLayout.Slot.extendedAfter) }
  }

  /// The digest of memory after case `index` of the last run.
  func digest(_ index: Int) -> UInt64 { HostMemory.load(at: slot(index) + VirtualLayout.Slot.digest) }

  /// Where the data pages are, as the last case of a run left them.
  var dataAddress: UInt64 { arena.dataAddress }
}
