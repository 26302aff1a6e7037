public import Engine
public import KVM
internal import X86

/// From the page that KVM shares with us to a `VMExit` (KVM API, chapter 5, the kvm_run structure).
extension HardwareProcessor {
  /// What the last KVM_RUN stopped for. HOT PATH: plain loads from the shared page, no allocation.
  @inlinable @inline(__always)
  func decodeExit() -> VMExit {
    let reason = processor.exitReason
    // Compared one by one, the frequent ones first: after a trip through the kernel the processor has
    // forgotten where indirect jumps go, so that a jump table costs more than two comparisons.
    if reason == .io { return .portIO(portAccess()) }
    if _fastPath(reason == .mmio) { return .mmio(memoryAccess()) }
    return rareExit(reason)
  }

  @usableFromInline @inline(never)
  func rareExit(_ reason: KVMExitReason) -> VMExit {
    // Sound: the run area is mapped for as long as this processor lives, and the kernel does not
    // write to it before the next KVM_RUN on this thread.
    let area = unsafe processor.runArea
    switch reason {
    case .hlt: return .halt
    case .shutdown: return .shutdown
    case .irqWindowOpen: return .interruptWindow
    case .intr: return .interrupted
    case .setTPR: return .taskPriorityLowered
    case .rdmsr: return unsafe .readRegister(MSR(rawValue: area.pointee.msr.index))
    case .wrmsr:
      return unsafe .writeRegister(
        MSR(rawValue: area.pointee.msr.index), value: area.pointee.msr.data)
    case .debug:
      let arch = unsafe area.pointee.debug.arch
      return .debug(
        DebugExit(
          vector: UInt8(truncatingIfNeeded: arch.exception), address: arch.pc,
          dr6: UInt32(truncatingIfNeeded: arch.dr6)))
    case .hypercall: return unsafe .hypercall(number: area.pointee.hypercall.nr)
    case .systemEvent:
      let event = unsafe area.pointee.system_event
      return .systemEvent(type: event.type, detail: event.ndata > 0 ? event.data.0 : 0)
    case .failEntry:
      return unsafe .failedEntry(reason: area.pointee.fail_entry.hardware_entry_failure_reason)
    case .internalError:
      return .emulationFailure(emulationFailure())
    default:
      return .unknown(reason: reason.rawValue)
    }
  }

  @inlinable @inline(__always)
  func portAccess() -> PortAccess {
    let exit = processor.portExit
    let offset = Int(UInt32(truncatingIfNeeded: exit.dataOffset))
    // The kernel keeps the data inside the shared area; that is checked here all the same, since a
    // length that comes from outside must never reach a pointer unseen.
    let wanted = Int(UInt8(truncatingIfNeeded: exit.parts >> 8)) &* Int(exit.parts >> 32)
    let fits = offset &+ wanted <= processor.runAreaByteCount
    // Sound: so the bytes are in the run area, which is mapped for as long as this processor lives and
    // which the kernel does not write to before the next KVM_RUN on this thread.
    let data = unsafe ExitBuffer(
      base: UnsafeMutableRawPointer(processor.runArea) + offset, byteCount: fits ? wanted : 0)
    return PortAccess(parts: exit.parts, data: data)
  }

  @inlinable @inline(__always)
  func memoryAccess() -> MMIOAccess {
    let exit = processor.memoryExit
    let length = min(exit.length, 8)
    // Sound: the run area has eight bytes there, and lives as said above.
    let data = unsafe ExitBuffer(base: processor.memoryAccessData, byteCount: Int(length))
    return MMIOAccess(
      address: exit.address, width: UInt8(truncatingIfNeeded: length),
      direction: exit.isWrite ? .write : .read, data: data)
  }

  private func emulationFailure() -> EmulationFailure {
    let area = unsafe processor.runArea
    let failure = unsafe area.pointee.emulation_failure
    var bytes = InlineArray<15, UInt8>(repeating: 0)
    var count: UInt8 = 0
    // Bit 0 of the flags: the instruction's bytes follow (KVM_INTERNAL_ERROR_EMULATION_FLAG_…).
    if failure.suberror == 1, failure.ndata >= 1, failure.flags & 1 != 0 {
      count = min(failure.insn_size, 15)
      let source = failure.insn_bytes
      let all = [
        source.0, source.1, source.2, source.3, source.4, source.5, source.6, source.7,
        source.8, source.9, source.10, source.11, source.12, source.13, source.14,
      ]
      for index in 0..<Int(count) { bytes[index] = all[index] }
    }
    return EmulationFailure(code: failure.suberror, instructionBytes: bytes, instructionByteCount: count)
  }
}
