/// Writes the few instructions of which the stubs consist. Absolute addresses are below 2 GiB, so that
/// they fit a sign-extended 32-bit displacement.
struct StubAssembler {
  private(set) var bytes: [UInt8] = []
  let origin: UInt64

  init(origin: UInt64) { self.origin = origin }

  /// The address of the next byte.
  var here: UInt64 { origin + UInt64(bytes.count) }

  mutating func emit(_ new: UInt8...) { bytes += new }

  mutating func emit32(_ value: UInt64) {
    for shift in stride(from: UInt64(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  mutating func emit64(_ value: UInt64) {
    emit32(value)
    emit32(value >> 32)
  }

  /// An instruction with a memory operand at an absolute address in 64-bit mode (SIB without base and
  /// index): `prefixes` and opcode, then ModRM with `reg`.
  mutating func absolute(_ opcode: [UInt8], reg: UInt8, _ address: UInt64) {
    bytes += opcode
    emit(0x04 | (reg & 7) << 3, 0x25)
    emit32(address)
  }

  /// mov r64, [address]
  mutating func load(_ register: UInt8, from address: UInt64) {
    absolute([register < 8 ? 0x48 : 0x4C, 0x8B], reg: register, address)
  }

  /// mov [address], r64
  mutating func store(_ register: UInt8, to address: UInt64) {
    absolute([register < 8 ? 0x48 : 0x4C, 0x89], reg: register, address)
  }

  /// mov qword [address], imm32
  mutating func storeImmediate(_ value: UInt64, to address: UInt64) {
    absolute([0x48, 0xC7], reg: 0, address)
    emit32(value)
  }
}
