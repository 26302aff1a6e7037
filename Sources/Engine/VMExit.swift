public import X86

/// Why a processor came back from `run()`: the closed list of things that the run loop answers.
///
/// Every engine reports in these words. Payloads are plain values (no allocation, no reference
/// count) of at most 24 bytes, so that an exit is returned in registers; the bytes of an access stay
/// where the engine has them, behind `ExitBuffer`. What a rare exit has to say beyond that is in the
/// vCPU's state.
public enum VMExit {
  /// IN, OUT, INS or OUTS. For a read the run loop fills the buffer before it runs again.
  case portIO(PortAccess)
  /// A memory access to an address that no memory slot backs (or a write to a read-only one).
  case mmio(MMIOAccess)
  /// HLT. (Not reported where the kernel's interrupt controllers handle HLT.)
  case halt
  /// A triple fault, or an INIT where none is possible.
  case shutdown
  /// A breakpoint or single step that the host asked for.
  case debug(DebugExit)
  /// VMCALL or VMMCALL that the engine leaves to us: the number of the hypercall (RAX). Its arguments
  /// are in the vCPU's registers.
  case hypercall(number: UInt64)
  /// The guest asked for a shutdown, a reset, or reported a crash, by a kernel interface.
  case systemEvent(type: UInt32, detail: UInt64)
  /// The guest can take an interrupt now, as was asked for.
  case interruptWindow
  /// MOV to CR8 made the task priority lower: interrupts that waited may pass now. (Not reported where
  /// the engine has the local APICs.)
  case taskPriorityLowered
  /// RDMSR of a register that the engine leaves to the local interrupt controller; answered by
  /// `Processor.completeRegisterRead`.
  case readRegister(MSR)
  /// WRMSR of such a register; answered by `Processor.completeRegisterWrite`.
  case writeRegister(MSR, value: UInt64)
  /// The hardware refused to enter the guest: its state is not valid.
  case failedEntry(reason: UInt64)
  /// The engine met an instruction that it cannot carry out.
  case emulationFailure(EmulationFailure)
  /// `kick` was called, or a signal came. Nothing happened to the guest.
  case interrupted
  /// The vCPU's turn is used up: the other vCPUs of its thread come first. Only after `Processor.beginTurn`.
  /// It is at an instruction boundary.
  case turnOver
  /// An exit that this version does not know, with the engine's own number for it.
  case unknown(reason: UInt32)
}

/// Which way the data of an access flows, seen from the guest.
public enum AccessDirection: UInt8, Sendable {
  /// The guest reads: the device provides the data.
  case read
  /// The guest writes: the device takes the data.
  case write
}

/// A port access: `count` items of `width` bytes each, all at the same port.
public struct PortAccess {
  /// All but the data in one word, so that an engine hands over and the exit history keeps it in one
  /// piece: bit 0 is set for OUT; bits 15…8 the width; 31…16 the port; 63…32 the count. That is also
  /// how KVM has it.
  public let parts: UInt64
  /// The items, back to back: `count × width` bytes.
  public let data: ExitBuffer

  /// The first port.
  @inlinable public var port: UInt16 { UInt16(truncatingIfNeeded: parts >> 16) }
  /// Bytes in one item: 1, 2 or 4.
  @inlinable public var width: UInt8 { UInt8(truncatingIfNeeded: parts >> 8) }
  /// IN or OUT.
  @inlinable public var direction: AccessDirection { parts & 1 != 0 ? .write : .read }
  /// How many items: more than one for the string instructions (INS, OUTS with REP).
  @inlinable public var count: UInt32 { UInt32(truncatingIfNeeded: parts >> 32) }

  /// An access of the given parts, in one word.
  @inlinable public init(parts: UInt64, data: ExitBuffer) {
    self.parts = parts
    self.data = data
  }

  /// An access of the given parts.
  @inlinable public init(
    port: UInt16, width: UInt8, direction: AccessDirection, count: UInt32, data: ExitBuffer
  ) {
    let items = UInt64(width) << 8 | UInt64(port) << 16 | UInt64(count) << 32
    self.init(parts: UInt64(direction.rawValue) | items, data: data)
  }
}

/// A memory access that no RAM answers.
public struct MMIOAccess {
  /// Guest-physical address of the first byte.
  public var address: UInt64
  /// Bytes accessed, 1…8. Not always a power of two: an access across a page comes in two parts.
  public var width: UInt8
  /// Load or store.
  public var direction: AccessDirection
  /// The bytes, `width` of them.
  public var data: ExitBuffer

  /// An access of the given parts.
  @inlinable public init(address: UInt64, width: UInt8, direction: AccessDirection, data: ExitBuffer) {
    self.address = address
    self.width = width
    self.direction = direction
    self.data = data
  }
}

/// A debug exit (KVM API, KVM_EXIT_DEBUG).
public struct DebugExit: Sendable {
  /// Vector of the debug exception: 1 (#DB) or 3 (#BP).
  public var vector: UInt8
  /// Linear address of the instruction.
  public var address: UInt64
  /// DR6 as the exception set it: at most its low 32 bits are defined.
  public var dr6: UInt32

  /// A debug exit of the given parts.
  public init(vector: UInt8, address: UInt64, dr6: UInt32) {
    self.vector = vector
    self.address = address
    self.dr6 = dr6
  }
}

/// An instruction that the engine could not carry out (KVM API, KVM_EXIT_INTERNAL_ERROR).
public struct EmulationFailure: Sendable {
  /// The engine's sub-code: for KVM 1 emulation, 2 simultaneous exceptions, 3 delivery, 4 exit reason;
  /// for the software engine one of the constants below, which are 256 and more.
  public var code: UInt32
  /// The instruction's bytes, as far as the engine fetched them.
  public var instructionBytes: InlineArray<15, UInt8>
  /// How many of `instructionBytes` are valid: 0…15. Zero: the engine did not say.
  public var instructionByteCount: UInt8

  /// A failure of the given parts.
  public init(code: UInt32, instructionBytes: InlineArray<15, UInt8>, instructionByteCount: UInt8) {
    self.code = code
    self.instructionBytes = instructionBytes
    self.instructionByteCount = min(instructionByteCount, 15)
  }

  /// A `code` of the software engine: the guest asked for a hardware task switch, by a task gate, a far
  /// transfer to a task-state segment, or IRET with NT set (SDM Vol. 3A, 7.3).
  public static let taskSwitch: UInt32 = 0x100
}
