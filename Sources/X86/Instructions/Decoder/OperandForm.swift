/// How one operand is encoded, in the notation of the opcode maps (SDM Vol. 2, A.2): the first
/// letter says where it is encoded, the rest how wide it is.
///
/// Widths: b 1, w 2, d 4, q 8, o 16 bytes; v the operand size; z the operand size, but 4 where that
/// is 8; y 8 with REX.W, else 4; n 8 in 64-bit mode, else 4; x the vector length.
enum OperandForm: UInt8 {
  case none

  // E: ModRM.rm, a general register or memory. The ones of two widths name the register's first.
  case eb, ew, ed, ev, ey, en, evMw, edMb, edMw
  // M: ModRM.rm, memory only. `m` has no width, `mp` is a far pointer, `ms` a table register's
  // image, `ma` a pair of bounds; t is 10 bytes.
  case m, mb, mw, md, mq, mo, mv, my, mp, ms, ma, mt, mx
  // The memory of FLDENV, FRSTOR and FXRSTOR.
  case mEnvironment, mState, mFX
  // R: ModRM.rm, a general register only. `rnAny` does so whatever ModRM.mod is.
  case rd, rv, ry, rn, rnAny
  // G: ModRM.reg, a general register.
  case gb, gw, gd, gv, gy, gn
  // S, C, D: ModRM.reg, a segment, control or debug register. `swLoad` is not CS.
  case sw, swLoad, cn, dn
  // Z: a general register by the opcode's low three bits.
  case zb, zv
  // B: a general register by VEX.vvvv.
  case by

  // Registers that the opcode implies. `accumulator` is rAX of the operand size, `accumulatorZ`
  // at most EAX.
  case al, cl, dx, ax, accumulator, accumulatorZ
  case es, cs, ss, ds, fs, gs
  case one, st0, xmm0

  // I: an immediate; `ibs` is sign-extended to the operand size. The second byte of ENTER and
  // EXTRQ goes to `secondImmediate`.
  case ib, ibs, iw, iz, iv, ib2
  // J: a relative target. A: a far pointer. O: an absolute address without ModRM.
  case jb, jz, ap, ob, ov
  // X: DS:rSI. Y: ES:rDI.
  case xb, xv, xz, yb, yv, yz

  // ST(i) by ModRM.rm.
  case sti
  // P: ModRM.reg, MMX. Q: ModRM.rm, MMX or memory. N: ModRM.rm, MMX only.
  case pq, qq, qd, nq
  // V: ModRM.reg, a vector register. H: the same by VEX.vvvv. L: the same by an immediate's high
  // bits. W: ModRM.rm, a vector register or memory; U: a vector register only.
  case vo, vx, ho, hx, lx
  case wo, wx, wq, wd, ww, wb, wHalf, wQuarter, wEighth, uo, ux
  // Memory of which a vector register is the index (VSIB), with elements of 4 and of 8 bytes.
  case vsibD, vsibQ
  // Mask registers by ModRM.reg, VEX.vvvv and ModRM.rm; memory of the given width, too.
  case kg, kv, ku, kb, kw, kd, kq

  /// Whether it needs a ModRM byte.
  var usesModRM: Bool {
    switch self {
    case .none, .zb, .zv, .by, .al, .cl, .dx, .ax, .accumulator, .accumulatorZ, .es, .cs, .ss, .ds,
      .fs, .gs, .one, .st0, .xmm0, .ib, .ibs, .iw, .iz, .iv, .ib2, .jb, .jz, .ap, .ob, .ov, .xb,
      .xv, .xz, .yb, .yv, .yz, .ho, .hx, .lx, .kv:
      false
    default:
      true
    }
  }

  /// Whether it is what VEX.vvvv encodes, which else must be 1111b.
  var usesVVVV: Bool {
    switch self {
    case .by, .ho, .hx, .kv: true
    default: false
    }
  }

  /// Whether it makes the instruction one of bytes, where it comes first.
  var isByte: Bool {
    switch self {
    case .eb, .gb, .zb, .al, .xb, .yb, .ob: true
    default: false
    }
  }
}
