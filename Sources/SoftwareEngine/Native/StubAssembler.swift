/// Writes the machine code of a stub: a function of C's calling convention for x86-64 whose first
/// argument (RDI) is the state block of a vCPU and whose second (RSI) is the memory operand.
///
/// All vector, MMX and x87 registers and RAX, RCX, RDX belong to the callee there, so a stub may use
/// them under their own names.
struct StubAssembler {
  private(set) var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(128) }

  mutating func emit(_ code: UInt8...) { bytes += code }

  /// An instruction whose memory operand is at `offset` in the state block.
  private mutating func emit(_ code: UInt8..., register: UInt8, at offset: Int) {
    bytes += code
    bytes.append(0x87 | (register & 7) << 3)
    let displacement = UInt32(truncatingIfNeeded: offset)
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: displacement >> shift))
    }
  }

  /// MOVAPS from and to the guest's XMM register of the same number.
  mutating func loadVector(_ number: UInt8) {
    emit(0x40 | number >> 1 & 4, 0x0F, 0x28, register: number, at: CoreLayout.xmm + Int(number) * 16)
  }
  mutating func storeVector(_ number: UInt8) {
    emit(0x40 | number >> 1 & 4, 0x0F, 0x29, register: number, at: CoreLayout.xmm + Int(number) * 16)
  }

  /// MOVQ from and to the guest's MMX register of the same number, as it lies where TOP is zero. What
  /// MMX writes has an exponent of all ones for the x87 (SDM Vol. 1, 9.6).
  mutating func loadMMX(_ number: UInt8) {
    emit(0x0F, 0x6F, register: number, at: CoreLayout.x87Registers + Int(number) * 16)
  }
  mutating func storeMMX(_ number: UInt8) {
    let offset = CoreLayout.x87Registers + Int(number) * 16
    emit(0x0F, 0x7F, register: number, at: offset)
    emit(0x66, 0xC7, register: 0, at: offset + 8)
    emit(0xFF, 0xFF)
  }

  /// MOV of 64 bits between register RAX, RCX or RDX (0…2) and the guest's register `number`.
  mutating func loadGeneral(_ register: UInt8, from number: UInt8) {
    emit(0x48, 0x8B, register: register, at: Int(number) * 8)
  }
  mutating func storeGeneral(_ register: UInt8, to number: UInt8) {
    emit(0x48, 0x89, register: register, at: Int(number) * 8)
  }

  /// LDMXCSR and STMXCSR of the guest's.
  mutating func loadMXCSR() { emit(0x0F, 0xAE, register: 2, at: CoreLayout.mxcsr) }
  mutating func storeMXCSR() { emit(0x0F, 0xAE, register: 3, at: CoreLayout.mxcsr) }

  /// Puts back the MXCSR that C's calling convention expects, through the 128 bytes below the stack
  /// pointer that no signal handler touches.
  mutating func restoreHostMXCSR() {
    emit(0xC7, 0x44, 0x24, 0xF8, 0x80, 0x1F, 0x00, 0x00)  // mov dword [rsp-8], 0x1F80
    emit(0x0F, 0xAE, 0x54, 0x24, 0xF8)  // ldmxcsr [rsp-8]
  }

  /// FXRSTOR64 and FXSAVE64 of the guest's image.
  mutating func loadImage() { emit(0x48, 0x0F, 0xAE, register: 1, at: CoreLayout.extended) }
  mutating func storeImage() { emit(0x48, 0x0F, 0xAE, register: 0, at: CoreLayout.extended) }

  /// RFLAGS from RSI, and to RAX.
  mutating func loadFlags() { emit(0x56, 0x9D) }  // push rsi; popfq
  mutating func returnFlags() { emit(0x9C, 0x58) }  // pushfq; pop rax

  mutating func emms() { emit(0x0F, 0x77) }
  mutating func fninit() { emit(0xDB, 0xE3) }
  mutating func returnToCaller() { emit(0xC3) }
}
