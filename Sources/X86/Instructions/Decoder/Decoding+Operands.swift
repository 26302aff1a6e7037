/// The operands that are registers or memory.
extension Decoding {
  private var operandSize: UInt8 { instruction.operandSize }
  /// y: 8 with REX.W, else 4.
  private var ySize: UInt8 { isWide && is64 ? 8 : 4 }
  /// n: 8 in 64-bit mode, else 4.
  private var nativeSize: UInt8 { is64 ? 8 : 4 }
  private var isMemory: Bool { instruction.modRM < 0xC0 }
  private var rm: UInt8 { instruction.modRM & 7 | baseExtension }
  private var reg: UInt8 { instruction.modRM &>> 3 & 7 | registerExtension }
  private var low: UInt8 { instruction.opcode & 7 | baseExtension }

  /// The operand that `form` describes. Reads its immediate, so the order of calls matters.
  @inline(__always)
  mutating func operand(_ form: OperandForm) throws(DecodeError) -> Operand {
    switch form {
    case .none: return .none
    case .eb: return general(or: 1, 1)
    case .ew: return general(or: 2, 2)
    case .ed: return general(or: 4, 4)
    case .ev: return general(or: operandSize, UInt16(operandSize))
    case .ey: return general(or: ySize, UInt16(ySize))
    case .en: return general(or: nativeSize, UInt16(nativeSize))
    case .evMw: return general(or: operandSize, 2)
    case .edMb: return general(or: 4, 1)
    case .edMw: return general(or: 4, 2)

    case .m: return try memory(0)
    case .mb: return try memory(1)
    case .mw: return try memory(2)
    case .md: return try memory(4)
    case .mq: return try memory(8)
    case .mo: return try memory(16)
    case .mv: return try memory(UInt16(operandSize))
    case .my: return try memory(UInt16(ySize))
    case .mp: return try memory(UInt16(operandSize &+ 2))
    case .ms: return try memory(UInt16(nativeSize &+ 2))
    case .ma: return try memory(UInt16(operandSize &* 2))
    case .mt: return try memory(10)
    case .mx: return try memory(UInt16(vectorLength))
    case .mEnvironment: return try memory(operandSize == 2 ? 14 : 28)
    case .mState: return try memory(operandSize == 2 ? 94 : 108)
    case .mFX: return try memory(512)
    case .vsibD: return try vectorIndexed(4)
    case .vsibQ: return try vectorIndexed(8)

    case .rd: return try register(.general(number: rm, width: 4))
    case .rv: return try register(.general(number: rm, width: operandSize))
    case .ry: return try register(.general(number: rm, width: ySize))
    case .rn: return try register(.general(number: rm, width: nativeSize))
    case .rnAny: return .general(number: rm, width: nativeSize)
    case .gb: return byteRegister(reg)
    case .gw: return .general(number: reg, width: 2)
    case .gd: return .general(number: reg, width: 4)
    case .gv: return .general(number: reg, width: operandSize)
    case .gy: return .general(number: reg, width: ySize)
    case .gn: return .general(number: reg, width: nativeSize)
    case .sw: return try segment(isLoad: false)
    case .swLoad: return try segment(isLoad: true)
    case .cn: return try controlRegister()
    case .dn: return try debugRegister()
    case .zb: return byteRegister(low)
    case .zv: return .general(number: low, width: operandSize)
    case .by: return .general(number: vvvv, width: ySize)

    case .al: return .general(number: 0, width: 1)
    case .cl: return .general(number: 1, width: 1)
    case .dx: return .general(number: 2, width: 2)
    case .ax: return .general(number: 0, width: 2)
    case .accumulator: return .general(number: 0, width: operandSize)
    case .accumulatorZ: return .general(number: 0, width: min(operandSize, 4))
    case .es: return .segment(.es)
    case .cs: return .segment(.cs)
    case .ss: return .segment(.ss)
    case .ds: return .segment(.ds)
    case .fs: return .segment(.fs)
    case .gs: return .segment(.gs)
    case .st0: return .x87(number: 0)
    case .sti: return .x87(number: instruction.modRM & 7)
    case .xmm0: return .vector(number: 0, width: 16)

    case .one, .ib, .ibs, .iw, .iz, .iv, .ib2, .jb, .jz, .ap: return try immediate(form)
    case .ob: return try absoluteAddress(1)
    case .ov: return try absoluteAddress(operandSize)
    case .xb: return stringSource(1)
    case .xv: return stringSource(operandSize)
    case .xz: return stringSource(min(operandSize, 4))
    case .yb: return .stringDestination(width: 1)
    case .yv: return .stringDestination(width: operandSize)
    case .yz: return .stringDestination(width: min(operandSize, 4))

    case .pq: return .mmx(number: reg & 7)
    case .qq: return isMemory ? .memory(width: 8) : .mmx(number: rm & 7)
    case .qd: return isMemory ? .memory(width: 4) : .mmx(number: rm & 7)
    case .nq: return try register(.mmx(number: rm & 7))
    case .vo: return .vector(number: reg, width: 16)
    case .vx: return .vector(number: reg, width: vectorLength)
    case .ho: return .vector(number: vvvv, width: 16)
    case .hx: return .vector(number: vvvv, width: vectorLength)
    case .lx: return .vector(number: try vectorInImmediate(), width: vectorLength)
    case .wo: return vector(or: 16, 16)
    case .wx: return vector(or: vectorLength, UInt16(vectorLength))
    case .wq: return vector(or: 16, 8)
    case .wd: return vector(or: 16, 4)
    case .ww: return vector(or: 16, 2)
    case .wb: return vector(or: 16, 1)
    case .wHalf: return vector(or: 16, UInt16(vectorLength &>> 1))
    case .wQuarter: return vector(or: 16, UInt16(vectorLength &>> 2))
    case .wEighth: return vector(or: 16, UInt16(vectorLength &>> 3))
    case .uo: return try register(.vector(number: rm, width: 16))
    case .ux: return try register(.vector(number: rm, width: vectorLength))
    case .kg: return try mask(reg)
    case .kv: return try mask(vvvv)
    case .ku: return try register(mask(rm))
    case .kb: return isMemory ? .memory(width: 1) : try mask(rm)
    case .kw: return isMemory ? .memory(width: 2) : try mask(rm)
    case .kd: return isMemory ? .memory(width: 4) : try mask(rm)
    case .kq: return isMemory ? .memory(width: 8) : try mask(rm)
    }
  }

  private func general(or width: UInt8, _ memoryWidth: UInt16) -> Operand {
    if isMemory { return .memory(width: memoryWidth) }
    return width == 1 ? byteRegister(rm) : .general(number: rm, width: width)
  }

  private func vector(or width: UInt8, _ memoryWidth: UInt16) -> Operand {
    isMemory ? .memory(width: memoryWidth) : .vector(number: rm, width: width)
  }

  /// Byte registers 4…7 are AH, CH, DH, BH without REX, and SPL, BPL, SIL, DIL with it.
  private func byteRegister(_ number: UInt8) -> Operand {
    if number & ~3 == 4, !instruction.prefixes.contains(.rex) {
      return .highByte(number: number & 3)
    }
    return .general(number: number, width: 1)
  }

  /// There are eight mask registers.
  private func mask(_ number: UInt8) throws(DecodeError) -> Operand {
    guard number < 8 else { throw undefined }
    return .mask(number: number)
  }

  private func memory(_ width: UInt16) throws(DecodeError) -> Operand {
    guard isMemory else { throw undefined }
    return .memory(width: width)
  }

  private func register(_ operand: Operand) throws(DecodeError) -> Operand {
    guard !isMemory else { throw undefined }
    return operand
  }

  /// Memory with a vector register as index, which number 4 can be: only with SIB, never with
  /// 16-bit addresses (SDM Vol. 2, 2.3.12).
  private mutating func vectorIndexed(_ width: UInt16) throws(DecodeError) -> Operand {
    guard isMemory, instruction.modRM & 7 == 4, instruction.addressSize != 2 else { throw undefined }
    if instruction.memory.index == MemoryOperand.noRegister {
      instruction.memory.index = Register.sp
    }
    return .memory(width: width)
  }

  private func segment(isLoad: Bool) throws(DecodeError) -> Operand {
    // REX.R is ignored. Loading CS so is undefined.
    let number = instruction.modRM &>> 3 & 7
    guard let name = SegmentName(rawValue: number), !(isLoad && name == .cs) else { throw undefined }
    return .segment(name)
  }

  private func controlRegister() throws(DecodeError) -> Operand {
    switch reg {
    case 0, 2, 3, 4, 8: return .control(number: reg)
    default: throw undefined
    }
  }

  private func debugRegister() throws(DecodeError) -> Operand {
    guard reg < 8 else { throw undefined }
    return .debug(number: reg)
  }
}
