/// What an instruction does with the memory operand that ModRM or an absolute address names.
/// Strings and the stack are not it.
public enum MemoryUse: Sendable {
  /// There is none.
  case none
  /// Its address counts, its bytes do not: LEA, NOP, prefetches, INVLPG, CLFLUSH.
  case address
  /// It is read.
  case read
  /// It is written.
  case write
  /// It is read, and written unless the instruction decides otherwise (CMPXCHG, BTS…).
  case readWrite
}

extension Instruction {
  /// What it does with `memory`.
  public var memoryUse: MemoryUse {
    for index in 0..<4 {
      guard case .memory = operands[index] else { continue }
      if operation.usesAddressOnly { return .address }
      return index == 0 ? operation.destinationUse : .read
    }
    return .none
  }

  /// Bytes accessed at `memory`: 0 where there is no such operand, or its size is not in the
  /// encoding (XSAVE).
  @inlinable public var memoryWidth: UInt16 {
    for index in 0..<4 {
      if case .memory(let width) = operands[index] { return width }
    }
    return 0
  }

  /// What the linear address of `memory` must be a multiple of, or #GP: 1 where anything will do.
  /// SSE needs 16 for operands of 16 bytes but in the moves made for others (SDM Vol. 1, 4.1.1,
  /// and Vol. 2, "Exceptions Type 1, 2 and 4"); the AVX forms need none but for aligned moves.
  public var requiredAlignment: UInt16 {
    switch operation {
    case .fxsave, .fxrstor, .cmpxchg16b: return 16
    case .xsave, .xsavec, .xsaveopt, .xsaves, .xrstor, .xrstors: return 64
    case .movups, .movupd, .movdqu, .lddqu, .pcmpestri, .pcmpestrm, .pcmpistri, .pcmpistrm,
      .invept, .invvpid, .invpcid:
      return 1
    case .vmovaps, .vmovapd, .vmovdqa, .vmovntps, .vmovntpd, .vmovntdq, .vmovntdqa:
      return max(1, memoryWidth)
    default:
      // Of the operands without VEX only those of SSE have 16 bytes now.
      return memoryWidth == 16 && prefixes.isDisjoint(with: [.vex, .evex]) ? 16 : 1
    }
  }
}
