/// The loop over the test cases, which a guest executes in ring 3: for each case it restores memory,
/// puts code and registers in place, calls the entry stub, and keeps what became of it.
enum DriverCode {
  private typealias Slot = VirtualLayout.Slot

  /// The code, and the address of the UD2 at which it ends.
  static func make() -> (bytes: [UInt8], end: UInt64) {
    var code = StubAssembler(origin: VirtualLayout.driver)
    // RBX is the slot, RBP how many there are: the stubs keep both.
    let loop = code.here
    code.emit(0xFC)  // cld
    copy(
      &code, fromAddress: VirtualLayout.template, toAddress: ArenaLayout.data, ArenaLayout.dataByteCount / 8)
    applyPatches(&code)
    copy(&code, fromSlot: Slot.before, toAddress: NativeState.before, 18)
    copy(&code, fromSlot: Slot.extendedBefore, toAddress: NativeState.extendedBefore, 64)
    // Code.
    slotAddress(&code, 0xB3, Slot.code)  // lea rsi
    slotLoad(&code, 0xBB, Slot.codeTarget)  // mov rdi
    copyQuadwords(&code, 4)
    slotLoad(&code, 0x83, Slot.resumeAt)  // mov rax
    code.store(0, to: NativeState.resumeAt)
    slotLoad(&code, 0x83, Slot.entry)
    code.emit(0xFF, 0xD0)  // call rax
    code.emit(0xFC)
    // Results.
    copy(&code, fromAddress: NativeState.after, toSlot: Slot.after, 21)
    copy(&code, fromAddress: NativeState.extendedAfter, toSlot: Slot.extendedAfter, 64)
    // INT3 again where the code was.
    slotLoad(&code, 0xBB, Slot.codeTarget)
    code.emit(0x48, 0xB8)  // mov rax, imm64
    code.emit64(0xCCCC_CCCC_CCCC_CCCC)
    count(&code, 4)
    code.emit(0xF3, 0x48, 0xAB)  // rep stosq
    digestMemory(&code)
    // The next.
    code.emit(0x48, 0x81, 0xC3)  // add rbx, imm32
    code.emit32(VirtualLayout.slotByteCount)
    code.emit(0x48, 0xFF, 0xCD)  // dec rbp
    code.emit(0x0F, 0x85)  // jnz
    code.emit32(loop &- (code.here + 4))
    // Software interrupts do not work in ring 3 on every KVM.
    let end = code.here
    code.emit(0x0F, 0x0B)  // ud2
    return (code.bytes, end)
  }

  private static func applyPatches(_ code: inout StubAssembler) {
    slotAddress(&code, 0xB3, Slot.patches)  // lea rsi
    count(&code, 8)
    let start = code.here
    code.emit(0x48, 0x8B, 0x3E)  // mov rdi, [rsi]
    code.emit(0x48, 0x8B, 0x46, 8)  // mov rax, [rsi + 8]
    code.emit(0x48, 0x89, 0x07)  // mov [rdi], rax
    code.emit(0x48, 0x83, 0xC6, 16)  // add rsi, 16
    again(&code, start)
  }

  private static func digestMemory(_ code: inout StubAssembler) {
    code.emit(0x48, 0xC7, 0xC6)  // mov rsi, imm32
    code.emit32(ArenaLayout.data)
    count(&code, ArenaLayout.dataByteCount / 8)
    code.emit(0x48, 0xB8)  // mov rax, imm64
    code.emit64(MemoryDigest.seed)
    code.emit(0x48, 0xBA)  // mov rdx, imm64
    code.emit64(MemoryDigest.factor)
    let start = code.here
    code.emit(0x48, 0x33, 0x06)  // xor rax, [rsi]
    code.emit(0x48, 0x0F, 0xAF, 0xC2)  // imul rax, rdx
    code.emit(0x48, 0xC1, 0xC0, UInt8(MemoryDigest.rotation))  // rol rax
    code.emit(0x48, 0x83, 0xC6, 8)  // add rsi, 8
    again(&code, start)
    code.emit(0x48, 0x89, 0x83)  // mov [rbx + disp32], rax
    code.emit32(Slot.digest)
  }

  // MARK: Pieces

  /// dec ecx; jnz start
  private static func again(_ code: inout StubAssembler, _ start: UInt64) {
    code.emit(0xFF, 0xC9, 0x75, UInt8(truncatingIfNeeded: start &- (code.here + 4)))
  }

  private static func count(_ code: inout StubAssembler, _ count: UInt64) {
    code.emit(0xB9)  // mov ecx, imm32
    code.emit32(count)
  }

  private static func copyQuadwords(_ code: inout StubAssembler, _ quadwords: UInt64) {
    count(&code, quadwords)
    code.emit(0xF3, 0x48, 0xA5)  // rep movsq
  }

  /// lea register, [rbx + offset]; the ModRM byte names the register.
  private static func slotAddress(_ code: inout StubAssembler, _ modRM: UInt8, _ offset: UInt64) {
    code.emit(0x48, 0x8D, modRM)
    code.emit32(offset)
  }

  /// mov register, [rbx + offset]
  private static func slotLoad(_ code: inout StubAssembler, _ modRM: UInt8, _ offset: UInt64) {
    code.emit(0x48, 0x8B, modRM)
    code.emit32(offset)
  }

  private static func copy(
    _ code: inout StubAssembler, fromAddress source: UInt64, toAddress target: UInt64, _ quadwords: UInt64
  ) {
    code.emit(0x48, 0xC7, 0xC6)  // mov rsi, imm32
    code.emit32(source)
    code.emit(0x48, 0xC7, 0xC7)  // mov rdi, imm32
    code.emit32(target)
    copyQuadwords(&code, quadwords)
  }

  private static func copy(
    _ code: inout StubAssembler, fromSlot source: UInt64, toAddress target: UInt64, _ quadwords: UInt64
  ) {
    slotAddress(&code, 0xB3, source)
    code.emit(0x48, 0xC7, 0xC7)
    code.emit32(target)
    copyQuadwords(&code, quadwords)
  }

  private static func copy(
    _ code: inout StubAssembler, fromAddress source: UInt64, toSlot target: UInt64, _ quadwords: UInt64
  ) {
    code.emit(0x48, 0xC7, 0xC6)
    code.emit32(source)
    slotAddress(&code, 0xBB, target)
    copyQuadwords(&code, quadwords)
  }
}
