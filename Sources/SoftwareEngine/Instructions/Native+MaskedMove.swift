internal import X86

/// MASKMOVQ and MASKMOVDQU: the bytes whose mask has its highest bit set, to DS:rDI or another segment
/// by prefix. Bytes that are not stored raise no page fault (SDM Vol. 2 leaves that open).
extension Interpreter {
  func executeMaskedMove(_ instruction: borrowing Instruction) throws(Interruption) {
    let data: UInt128
    let mask: UInt128
    let byteCount: UInt64
    let isMMX: Bool
    switch (instruction.operands[0], instruction.operands[1]) {
    case (.vector(let dataNumber, _), .vector(let maskNumber, _)):
      try checkVectorsUsable()
      (data, mask, byteCount, isMMX) = (core.vector(dataNumber), core.vector(maskNumber), 16, false)
    case (.mmx(let dataNumber), .mmx(let maskNumber)):
      try checkMMXUsable()
      (data, mask, byteCount, isMMX) = (mmx(dataNumber), mmx(maskNumber), 8, true)
    default: throw .invalidOpcode
    }

    let offset = core[7] & SoftwareEngine.mask(instruction.addressSize)
    let linear = try linearAddress(instruction.memory.segment, offset, byteCount: byteCount, isWrite: true)
    // All pages before the first byte.
    for index in 0..<byteCount where Self.isStored(mask, index) {
      try checkWrite(truncateLinear(linear &+ index), byteCount: 1)
    }
    if isMMX { core.enterMMX() }
    for index in 0..<byteCount where Self.isStored(mask, index) {
      let byte = UInt64(truncatingIfNeeded: data >> UInt128(8 &* index)) & 0xFF
      try writeLinear(truncateLinear(linear &+ index), width: 1, byte)
    }
  }

  private static func isStored(_ mask: UInt128, _ index: UInt64) -> Bool {
    mask >> UInt128(8 &* index &+ 7) & 1 != 0
  }

  /// MMX register `number`, wherever TOP is.
  private func mmx(_ number: UInt8) -> UInt128 {
    core.x87Register((Int(number) &- core.x87Top) & 7) & 0xFFFF_FFFF_FFFF_FFFF
  }
}
