/// Byte offsets in the state block of a vCPU (see `Core`).
///
/// They are constants of our own and not the layout of a Swift type, because generated code will use
/// them too. Everything an instruction handler touches lies in the first 256 bytes, so that a
/// register is named by one byte in a threaded operation.
enum CoreLayout {
  /// RAX … R15 by their number in an encoding, 8 bytes each.
  static let general = 0
  /// Always zero: the base or index of an address that has none.
  static let zero = 128
  /// What RIP would be at the first byte of the page that is being executed.
  static let codePage = 136
  /// Always 4096: lends a displacement another bit where it does not fit in 32.
  static let pageSize = 144
  /// FS and GS base, which 64-bit addressing adds.
  static let fsBase = 152
  static let gsBase = 160

  /// RIP at an instruction boundary, and of the instruction under way.
  static let rip = 168
  /// See `LazyFlags`.
  static let flagResult = 176
  static let flagCarries = 184
  /// RFLAGS but for the six status flags.
  static let systemFlags = 192
  /// How many instructions may still be started before the loop looks up.
  static let budget = 200
  /// The translation cache of the mode the CPU is in.
  static let translations = 208
  /// The `Interpreter` that owns the block, unretained.
  static let interpreter = 216
  /// The threaded operation at which a handler left, where its link is to be patched; else 0.
  static let leftAt = 224
  /// The jump cache: linear address → threaded operation.
  static let jumpCache = 232

  /// One byte each: bytes of the default operand (2, 4, 8), CPL, bytes of the stack pointer.
  static let codeSize = 240
  static let privilege = 241
  static let stackSize = 242
  /// Why the threaded tier came back: a `ThreadedLeave`.
  static let leave = 243
  /// What tells the jump cache's entries of one mode from those of another.
  static let modeSalt = 248

  /// The six segment registers by their number in an encoding, 32 bytes each.
  static let segments = 256
  static let segmentStride = 32
  static let segmentBase = 0
  static let segmentLimit = 8
  static let segmentRights = 12
  static let segmentSelector = 16

  static let cr0 = 448
  static let cr2 = 456
  static let cr3 = 464
  static let cr4 = 472
  static let efer = 480
  static let xcr0 = 488
  /// Instructions completed, but for what the running quantum has not given back.
  static let retired = 496

  /// The FXSAVE image of the x87 and SSE registers, 512 bytes, 64-byte aligned; the header of an XSAVE
  /// area (64 bytes) follows.
  static let extended = 512
  static let xmm = extended + 160
  static let mxcsr = extended + 24
  static let x87ControlWord = extended
  static let x87StatusWord = extended + 2
  static let x87TagByte = extended + 4
  static let x87Opcode = extended + 6
  static let x87InstructionPointer = extended + 8
  static let x87DataPointer = extended + 16
  /// ST(0)…ST(7), 16 bytes each of which 10 count.
  static let x87Registers = extended + 32

  /// The whole block, and its alignment.
  static let byteCount = 1152
  static let alignment = 64
}
