internal import X86

/// Values for vector and floating-point registers.
extension RandomSource {
  /// Eight bytes for a vector: integers at their edges, or floating-point numbers at theirs.
  mutating func vectorWord() -> UInt64 {
    switch below(8) {
    case 0...2: return edgeValue()
    case 3: return next()
    case 4, 5: return doubleBits()
    default: return floatBits() | floatBits() << 32
    }
  }

  /// A binary64 number: zeros, infinities, NaNs of both kinds, denormals, and ordinary ones.
  mutating func doubleBits() -> UInt64 {
    let sign = next() & 1 << 63
    switch below(12) {
    case 0: return sign
    case 1: return sign | 0x7FF0_0000_0000_0000
    case 2: return sign | 0x7FF8_0000_0000_0000 | next() >> 16
    case 3: return sign | 0x7FF0_0000_0000_0001 | next() >> 14
    case 4: return sign | next() >> 12  // denormal
    case 5: return sign | 0x7FE0_0000_0000_0000 | next() >> 12  // about to overflow
    case 6: return sign | 0x0010_0000_0000_0000 | next() >> 12  // about to underflow
    case 7, 8: return Double(Int64(truncatingIfNeeded: next()) >> Int64(below(63))).bitPattern
    case 9: return (Double(Int32(truncatingIfNeeded: next())) + 0.5).bitPattern
    default: return sign | (1023 &+ below(80) &- 40) << 52 | next() >> 12
    }
  }

  /// A binary32 number, of the same kinds.
  mutating func floatBits() -> UInt64 {
    let sign = next() >> 32 & 1 << 31
    switch below(12) {
    case 0: return sign
    case 1: return sign | 0x7F80_0000
    case 2: return sign | 0x7FC0_0000 | next() >> 44
    case 3: return sign | 0x7F80_0001 | next() >> 43
    case 4: return sign | next() >> 41
    case 5: return sign | 0x7F00_0000 | next() >> 41
    case 6: return sign | 0x0080_0000 | next() >> 41
    case 7, 8: return UInt64(Float(Int32(truncatingIfNeeded: next()) >> Int32(below(31))).bitPattern)
    case 9: return UInt64((Float(Int16(truncatingIfNeeded: next())) + 0.5).bitPattern)
    default: return sign | (127 &+ below(40) &- 20) << 23 | next() >> 41
    }
  }

  /// An x87 register: significand and sign with exponent; sometimes one that no instruction makes.
  mutating func x87Value() -> (significand: UInt64, exponent: UInt64) {
    let sign = next() >> 48 & 0x8000
    let integer: UInt64 = 1 << 63
    switch below(14) {
    case 0: return (0, sign)
    case 1: return (integer, sign | 0x7FFF)
    case 2: return (integer | 1 << 62 | next() >> 2, sign | 0x7FFF)
    case 3: return (integer | next() >> 2, sign | 0x7FFF)
    case 4: return (next() >> 1, sign)  // denormal
    case 5: return (next(), sign | below(0x8000))  // anything, unnormal included
    case 6: return (integer | next(), sign | 0x7FFE)
    case 7: return (integer | next(), sign | 1)
    case 8, 9:
      // A whole number.
      let magnitude = next() >> below(63) | 1
      let shift = UInt64(magnitude.leadingZeroBitCount)
      return (magnitude << shift, sign | (16383 + 63 - shift))
    default: return (integer | next(), sign | (16383 &+ below(70) &- 35))
    }
  }

  /// Fills an FXSAVE image. Vector instructions get MXCSR as programs have it, mostly; x87
  /// instructions a stack that is partly filled.
  mutating func fillExtended(_ image: inout ExtendedImage, _ instruction: Instruction) {
    image = ExtendedImage()
    for word in 20..<52 { image.words[word] = vectorWord() }
    image.words[3] = mxcsr() | 0x0000_FFFF << 32
    let isX87 = instruction.feature == .x87
    let control = isX87 && oneIn(4) ? 0x40 | next() & 0x0F3F : 0x037F | (isX87 ? next() & 0x0F00 : 0)
    let top = isX87 || oneIn(8) ? below(8) : 0
    // Condition codes, and exception flags only where they are masked: a pending #MF is rare.
    var status = top << 11 | next() & 0x4700
    if isX87, oneIn(8) { status |= next() & 0x7F & (oneIn(4) ? 0x7F : control & 0x3F | 0x40) }
    if status & ~control & 0x3F != 0 { status |= 0x8080 }  // ES and B follow from the rest
    let filled = isX87 ? (oneIn(2) ? 0xFF : next() & 0xFF) : oneIn(2) ? 0xFF : 0
    image.words[0] = control | status << 16 | filled << 32
    (image.words[1], image.words[2]) = (0, 0)
    for register in 0..<8 {
      let value = x87Value()
      image.words[4 + register * 2] = value.significand
      image.words[5 + register * 2] = value.exponent
    }
  }

  /// MXCSR: all exceptions masked mostly; any rounding, sometimes DAZ, FTZ, and open exceptions.
  private mutating func mxcsr() -> UInt64 {
    var value: UInt64 = 0x1F80
    if oneIn(4) { value |= next() & 0x603F }
    if oneIn(16) { value |= next() & 0x8040 }
    if oneIn(16) { value &= ~(next() & 0x1F80) }
    return value
  }
}

extension CaseGenerator {
  /// An image for FXRSTOR: the header's parts that it checks and takes.
  mutating func fillImage(_ address: UInt64, _ test: inout TestCase) {
    guard test.instruction.operation == .fxrstor else { return }
    var image = ExtendedImage()
    random.fillExtended(&image, test.instruction)
    test.patch(address, image.words[0], 0)
    // A reserved bit of MXCSR is #GP.
    let mxcsr = image.words[3] & 0xFFFF_FFFF | (random.oneIn(16) ? 1 << (16 + random.below(16)) : 0)
    test.patch(address + 16, 0, mxcsr | 0x0000_FFFF << 32)
  }
}
