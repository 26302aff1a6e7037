internal import CLinux

/// The code around the instruction under test: into its state, out of it, and the signal handler.
///
/// It is machine code and no Swift, because between the two stubs no register belongs to the compiler,
/// and because flags such as AC make compiled code fault.
struct NativeStubs {
  /// Called as a C function without arguments; returns when the instruction is done.
  let enter: UInt64
  let enterWithExtended: UInt64
  /// Enters a code segment other than that of 64-bit mode.
  let enterFar: UInt64
  let enterFarWithExtended: UInt64
  /// Where the instruction under test goes on to.
  let leave: UInt64
  let leaveWithExtended: UInt64
  /// The signal handler.
  let handler: UInt64

  /// Writes the stubs; `alias` is where the page of stubs can be written.
  init(alias: UInt64) {
    var code = StubAssembler(origin: ArenaLayout.stubs)
    enter = Self.writeEntry(&code, withExtended: false, isFar: false)
    enterWithExtended = Self.writeEntry(&code, withExtended: true, isFar: false)
    enterFar = Self.writeEntry(&code, withExtended: false, isFar: true)
    enterFarWithExtended = Self.writeEntry(&code, withExtended: true, isFar: true)
    leave = Self.writeExit(&code, withExtended: false)
    leaveWithExtended = Self.writeExit(&code, withExtended: true)
    handler = Self.writeHandler(&code)
    precondition(code.bytes.count <= Int(ArenaLayout.stubsByteCount))
    for (offset, byte) in code.bytes.enumerated() { HostMemory.store(byte, at: alias + UInt64(offset)) }
  }

  private static func writeEntry(_ code: inout StubAssembler, withExtended: Bool, isFar: Bool) -> UInt64 {
    let start = code.here
    code.emit(0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57)  // push rbx, rbp, r12…r15
    code.store(4, to: NativeState.hostStack)
    code.storeImmediate(NativeState.noVector, to: NativeState.vector)
    if withExtended {
      code.absolute([0x0F, 0xAE], reg: 3, NativeState.hostMXCSR)  // stmxcsr
      code.absolute([0x48, 0x0F, 0xAE], reg: 1, NativeState.extendedBefore)  // fxrstor64
    }
    code.storeImmediate(1, to: NativeState.isActive)
    code.absolute([0xFF], reg: 6, NativeState.before + NativeState.rflags)  // push qword
    code.emit(0x9D)  // popfq
    for number in UInt8(0)..<16 { code.load(number, from: NativeState.before + UInt64(number) * 8) }
    if isFar {
      code.absolute([0xFF], reg: 5, NativeState.farEntry)  // jmp far m16:32
    } else {
      code.absolute([0xFF], reg: 4, NativeState.before + NativeState.rip)  // jmp qword
    }
    return start
  }

  private static func writeExit(_ code: inout StubAssembler, withExtended: Bool) -> UInt64 {
    let start = code.here
    for number in UInt8(0)..<16 { code.store(number, to: NativeState.after + UInt64(number) * 8) }
    code.load(4, from: NativeState.hostStack)
    code.emit(0x9C)  // pushfq
    code.absolute([0x8F], reg: 0, NativeState.after + NativeState.rflags)  // pop qword
    code.emit(0x68)  // push 0x202
    code.emit32(0x202)
    code.emit(0x9D)  // popfq
    code.storeImmediate(0, to: NativeState.isActive)
    if withExtended {
      code.absolute([0x48, 0x0F, 0xAE], reg: 0, NativeState.extendedAfter)  // fxsave64
      code.emit(0xDB, 0xE3)  // fninit
      code.absolute([0x0F, 0xAE], reg: 2, NativeState.hostMXCSR)  // ldmxcsr
    }
    code.emit(0x41, 0x5F, 0x41, 0x5E, 0x41, 0x5D, 0x41, 0x5C, 0x5D, 0x5B, 0xC3)  // pop r15…rbx, ret
    return start
  }

  /// void handler(int signal, siginfo_t *, void *context): notes what happened and lets the thread go
  /// on in the exit stub, which finds the registers as the signal frame has them.
  private static func writeHandler(_ code: inout StubAssembler) -> UInt64 {
    // Offsets in ucontext_t (Linux, x86-64): gregs begin at 40.
    let rip: UInt8 = 40 + 16 * 8 - 128  // as an offset from rdx + 128
    let codeSegment: UInt8 = 40 + 18 * 8 - 128
    let error: UInt8 = 40 + 19 * 8 - 128
    let trap: UInt8 = 40 + 20 * 8 - 128
    let cr2: UInt8 = 40 + 22 * 8 - 128
    let start = code.here
    code.emit(0x9C, 0x81, 0x24, 0x24)  // pushfq; and dword [rsp], ~AC
    code.emit32(0xFFFB_FFFF)
    code.emit(0x9D)  // popfq
    code.absolute([0x80], reg: 7, NativeState.isActive)  // cmp byte [isActive], 0
    code.emit(0)
    code.emit(0x75, 14)  // jne over the next 14 bytes
    code.emit(0x31, 0xF6)  // xor esi, esi (SIG_DFL)
    code.emit(0x48, 0xB8)  // mov rax, signal
    let signalFunction:
      @convention(c) (Int32, (@convention(c) (Int32) -> Void)?) -> (@convention(c) (Int32) -> Void)? =
        signal
    // Sound: a C function pointer is an address.
    code.emit64(UInt64(UInt(bitPattern: unsafe unsafeBitCast(signalFunction, to: UnsafeRawPointer.self))))
    code.emit(0xFF, 0xE0)  // jmp rax: back, and the signal comes again
    code.emit(0x48, 0x83, 0xEA, 0x80)  // sub rdx, -128
    code.emit(0x48, 0x8B, 0x42, rip)  // mov rax, [rdx + rip]
    code.store(0, to: NativeState.after + NativeState.rip)
    code.emit(0x48, 0x8B, 0x42, error)
    code.store(0, to: NativeState.errorCode)
    code.emit(0x48, 0x8B, 0x42, trap)
    code.store(0, to: NativeState.vector)
    code.emit(0x48, 0x8B, 0x42, cr2)
    code.store(0, to: NativeState.faultAddress)
    code.load(0, from: NativeState.resumeAt)
    code.emit(0x48, 0x89, 0x42, rip)
    code.emit(0x66, 0xC7, 0x42, codeSegment, UInt8(ArenaLayout.code64Selector), 0)  // mov word, 0x33
    code.emit(0xC3)
    return start
  }
}
