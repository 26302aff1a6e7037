internal import X86

extension CaseGenerator {
  /// Where the parts of the encoding are that addresses are patched into.
  struct Encoding {
    /// The index of the displacement in the bytes, and its length; 0 where there is none.
    var displacement = 0
    var displacementByteCount = 0
  }

  /// Writes a form with random prefixes, registers and immediates; the instruction may be shorter than
  /// the bytes that are written.
  mutating func encode(_ form: OpcodeForm, isPlain: Bool, _ test: inout TestCase) {
    encoding = Encoding()
    test.length = 0
    encodePrefixes(form, isPlain: isPlain, &test)
    switch form.map {
    case .primary: break
    case .secondary: append(0x0F, &test)
    case .map0F38:
      append(0x0F, &test)
      append(0x38, &test)
    case .map0F3A:
      append(0x0F, &test)
      append(0x3A, &test)
    }
    append(form.opcode, &test)
    if form.instruction.hasModRM { encodeModRM(form, &test) }
    encodeImmediate(&test)
  }

  private func append(_ byte: UInt8, _ test: inout TestCase) {
    guard test.length < 15 else { return }
    test.bytes[test.length] = byte
    test.length += 1
  }

  private mutating func encodePrefixes(_ form: OpcodeForm, isPlain: Bool, _ test: inout TestCase) {
    var rex: UInt8 = 0
    for index in 0..<form.prefixCount {
      let prefix = form.prefixes[index]
      if codeSize == .bits64, prefix & 0xF0 == 0x40 { rex = prefix } else { append(prefix, &test) }
    }
    if !isPlain {
      let choice = random.next()
      if choice & 15 == 0 {
        // A segment override. In 64-bit mode only GS means something; FS is left to KVM.
        let overrides: InlineArray<6, UInt8> = [0x65, 0x65, place == .guest ? 0x64 : 0x65, 0x3E, 0x26, 0x2E]
        if codeSize == .bits64 || choice >> 4 & 7 > 2 {
          append(overrides[Int(choice >> 4 & 7) % 6], &test)
        }
      }
      if choice >> 8 & 63 == 0 { append(0x67, &test) }
      if choice >> 16 & 127 == 0 {
        append(choice >> 24 & 1 == 0 ? 0x66 : choice >> 25 & 1 == 0 ? 0xF2 : 0xF3, &test)
      }
    }
    if codeSize == .bits64 {
      let choice = UInt8(truncatingIfNeeded: random.next())
      if rex != 0 {
        rex |= choice & 7
      } else if choice & 0xC0 != 0 {
        rex = choice & 0x80 != 0 ? 0x40 | choice & 7 : 0
      }
      if rex != 0 { append(rex, &test) }
    }
  }

  private mutating func encodeModRM(_ form: OpcodeForm, _ test: inout TestCase) {
    let choice = random.next()
    let reg = form.reg ?? UInt8(truncatingIfNeeded: choice & 7)
    let rm = form.rm ?? UInt8(truncatingIfNeeded: choice >> 3 & 7)
    guard form.operand == .memory else { return append(0xC0 | reg << 3 | rm, &test) }

    let mod = UInt8(truncatingIfNeeded: choice >> 6 & 3) % 3
    append(mod << 6 | reg << 3 | rm, &test)
    // 16-bit addressing has neither SIB nor 32-bit displacements.
    var is16 = false
    if codeSize != .bits64 { for index in 0..<test.length where test.bytes[index] == 0x67 { is16 = true } }
    if is16 {
      appendDisplacement(mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 6) ? 2 : 0, &test)
      return
    }
    var base = rm
    if rm == 4 {
      let sib = UInt8(truncatingIfNeeded: choice >> 8)
      append(sib, &test)
      base = sib & 7
    }
    appendDisplacement(mod == 1 ? 1 : mod == 2 || (mod == 0 && base == 5) ? 4 : 0, &test)
  }

  private mutating func appendDisplacement(_ byteCount: Int, _ test: inout TestCase) {
    encoding.displacement = test.length
    encoding.displacementByteCount = byteCount
    // Small, so that a stack pointer that is the base stays near the data.
    var value = random.below(0x200) &- 0x100
    if byteCount == 4, random.oneIn(4) { value = random.edgeValue() }
    for _ in 0..<byteCount {
      append(UInt8(truncatingIfNeeded: value), &test)
      value >>= 8
    }
  }

  /// Up to eight bytes of an immediate, should there be one.
  private mutating func encodeImmediate(_ test: inout TestCase) {
    var value = random.edgeValue()
    if random.oneIn(2) { value = value & 0xFF | random.next() << 8 }
    for _ in 0..<8 {
      append(UInt8(truncatingIfNeeded: value), &test)
      value >>= 8
    }
    while test.length < 15 { append(UInt8(truncatingIfNeeded: value), &test) }
  }
}
