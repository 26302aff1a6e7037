internal import X86

/// Decimal adjustment, outside 64-bit mode only (SDM Vol. 2, "AAA", "AAD", "AAM", "AAS", "DAA",
/// "DAS"). The flags they leave undefined follow the result in AL, and OF is cleared.
extension Interpreter {
  /// Executes a decimal adjustment.
  func executeDecimal(_ instruction: borrowing Instruction) throws(Interruption) {
    let low = core.general(0, width: 1)
    switch instruction.operation {
    case .aaa: adjustUnpacked(0x106)
    case .aas: adjustUnpacked(0 &- 0x106)
    case .daa: adjustPacked(isAddition: true)
    case .das: adjustPacked(isAddition: false)
    case .aam:
      let base = instruction.immediate & 0xFF
      guard base != 0 else { throw .divideError }
      core.setHighByte(0, low / base)
      core.setGeneral(0, width: 1, low % base)
      core.setFlags(logical: low % base, width: 1)
    case .aad:
      let result = (low &+ core.highByte(0) &* (instruction.immediate & 0xFF)) & 0xFF
      core.setGeneral(0, width: 2, result)
      core.setFlags(logical: result, width: 1)
    case .salc:
      core.setGeneral(0, width: 1, core.carryFlag ? 0xFF : 0)
    default: throw .invalidOpcode
    }
  }

  /// AAA and AAS: `step` is added to AX if its low digit is no digit or carried.
  private func adjustUnpacked(_ step: UInt64) {
    let isAdjusted = core.general(0, width: 1) & 15 > 9 || core.adjustFlag
    if isAdjusted { core.setGeneral(0, width: 2, core.rax &+ step) }
    core.setGeneral(0, width: 1, core.rax & 15)
    setFlags(decimal: core.general(0, width: 1), carry: isAdjusted, adjust: isAdjusted)
  }

  /// DAA and DAS: each digit of AL that is none or carried gains or loses six.
  private func adjustPacked(isAddition: Bool) {
    let old = core.general(0, width: 1)
    let isLowAdjusted = old & 15 > 9 || core.adjustFlag
    let isHighAdjusted = old > 0x99 || core.carryFlag
    let step: UInt64 = (isLowAdjusted ? 6 : 0) | (isHighAdjusted ? 0x60 : 0)
    // DAS carries as well where only the low digit borrows beyond the byte.
    let borrows = !isAddition && isLowAdjusted && old < 6
    core.setGeneral(0, width: 1, isAddition ? old &+ step : old &- step)
    setFlags(
      decimal: core.general(0, width: 1), carry: isHighAdjusted || borrows, adjust: isLowAdjusted)
  }

  private func setFlags(decimal result: UInt64, carry: Bool, adjust: Bool) {
    core.setStatusFlags(
      (carry ? RFLAGS.carry.rawValue : 0) | (adjust ? RFLAGS.adjust.rawValue : 0)
        | (result == 0 ? RFLAGS.zero.rawValue : 0) | core.signBit(result, 1) | core.parityBit(result))
  }
}
