internal import X86

/// The state block of one vCPU: the registers that instructions touch, at fixed offsets.
///
/// One allocation of `CoreLayout.byteCount` bytes with fixed offsets, rather than stored properties:
/// a threaded operation names a register by its offset, and generated code can do the same.
@safe
struct Core {
  /// The block's first byte.
  @unsafe let base: UnsafeMutableRawPointer

  /// The block at `base`.
  ///
  /// - Safety: `base` must be `CoreLayout.byteCount` bytes that live as long as this value is used.
  @unsafe @inline(__always)
  init(base: UnsafeMutableRawPointer) { unsafe self.base = base }

  /// A new block, all zero but for the constants in it. The owner calls `deallocate`.
  static func allocate() -> Core {
    let base = UnsafeMutableRawPointer.allocate(
      byteCount: CoreLayout.byteCount, alignment: CoreLayout.alignment)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: CoreLayout.byteCount)
    // Sound: the block was just made.
    let core = unsafe Core(base: base)
    core.store(UInt64(4096), at: CoreLayout.pageSize)
    return core
  }

  func deallocate() { unsafe base.deallocate() }

  /// Reads at a constant offset, or one that the decoder derived from a register number.
  @inline(__always)
  func load<Value: BitwiseCopyable>(_ type: Value.Type = Value.self, at offset: Int) -> Value {
    // Sound: every offset is a constant of `CoreLayout` or at most 255.
    unsafe base.load(fromByteOffset: offset, as: type)
  }

  /// Writes at a constant offset, or one that the decoder derived from a register number.
  @inline(__always)
  func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
    // Sound: as for `load`.
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: Value.self)
  }

  // MARK: General registers

  /// General register `number`, 0…15, all 64 bits.
  @inline(__always)
  subscript(number: UInt8) -> UInt64 {
    get { load(at: Int(number & 15) &* 8) }
    nonmutating set { store(newValue, at: Int(number & 15) &* 8) }
  }

  @inline(__always) var rax: UInt64 {
    get { load(at: 0) }
    nonmutating set { store(newValue, at: 0) }
  }
  @inline(__always) var rcx: UInt64 {
    get { load(at: 8) }
    nonmutating set { store(newValue, at: 8) }
  }
  @inline(__always) var rdx: UInt64 {
    get { load(at: 16) }
    nonmutating set { store(newValue, at: 16) }
  }
  @inline(__always) var rbx: UInt64 {
    get { load(at: 24) }
    nonmutating set { store(newValue, at: 24) }
  }
  @inline(__always) var rsp: UInt64 {
    get { load(at: 32) }
    nonmutating set { store(newValue, at: 32) }
  }
  @inline(__always) var rbp: UInt64 {
    get { load(at: 40) }
    nonmutating set { store(newValue, at: 40) }
  }
  @inline(__always) var rsi: UInt64 {
    get { load(at: 48) }
    nonmutating set { store(newValue, at: 48) }
  }
  @inline(__always) var rdi: UInt64 {
    get { load(at: 56) }
    nonmutating set { store(newValue, at: 56) }
  }

  /// The low `width` bytes (1, 2, 4, 8) of general register `number`, zero-extended.
  @inline(__always)
  func general(_ number: UInt8, width: UInt8) -> UInt64 { self[number] & mask(width) }

  /// Writes the low `width` bytes of general register `number` as the CPU does: 4 bytes clear the
  /// upper half, 1 and 2 leave the rest.
  @inline(__always)
  func setGeneral(_ number: UInt8, width: UInt8, _ value: UInt64) {
    let offset = Int(number & 15) &* 8
    switch width {
    case 8: store(value, at: offset)
    case 4: store(value & 0xFFFF_FFFF, at: offset)
    case 2: store(UInt16(truncatingIfNeeded: value), at: offset)
    default: store(UInt8(truncatingIfNeeded: value), at: offset)
    }
  }

  /// AH, CH, DH or BH by number 0…3.
  @inline(__always)
  func highByte(_ number: UInt8) -> UInt64 {
    UInt64(load(UInt8.self, at: Int(number & 3) &* 8 &+ 1))
  }

  @inline(__always)
  func setHighByte(_ number: UInt8, _ value: UInt64) {
    store(UInt8(truncatingIfNeeded: value), at: Int(number & 3) &* 8 &+ 1)
  }

  // MARK: The rest

  /// RIP at an instruction boundary, and of the instruction under way.
  @inline(__always) var rip: UInt64 {
    get { load(at: CoreLayout.rip) }
    nonmutating set { store(newValue, at: CoreLayout.rip) }
  }

  /// The default operand size of the code segment in bytes: 2, 4, or 8 for 64-bit mode.
  @inline(__always) var codeSize: UInt8 { load(at: CoreLayout.codeSize) }
  /// The current privilege level.
  @inline(__always) var privilege: UInt8 { load(at: CoreLayout.privilege) }
  /// The bytes of the stack pointer that PUSH and POP use: 2, 4 or 8.
  @inline(__always) var stackSize: UInt8 { load(at: CoreLayout.stackSize) }
  /// Whether the CPU is in 64-bit mode.
  @inline(__always) var isLong: Bool { codeSize == 8 }

  @inline(__always) var cr0: CR0 {
    get { CR0(rawValue: load(at: CoreLayout.cr0)) }
    nonmutating set { store(newValue.rawValue, at: CoreLayout.cr0) }
  }
  @inline(__always) var cr2: UInt64 {
    get { load(at: CoreLayout.cr2) }
    nonmutating set { store(newValue, at: CoreLayout.cr2) }
  }
  @inline(__always) var cr3: CR3 {
    get { CR3(rawValue: load(at: CoreLayout.cr3)) }
    nonmutating set { store(newValue.rawValue, at: CoreLayout.cr3) }
  }
  @inline(__always) var cr4: CR4 {
    get { CR4(rawValue: load(at: CoreLayout.cr4)) }
    nonmutating set { store(newValue.rawValue, at: CoreLayout.cr4) }
  }
  @inline(__always) var efer: EFER {
    get { EFER(rawValue: load(at: CoreLayout.efer)) }
    nonmutating set { store(newValue.rawValue, at: CoreLayout.efer) }
  }
  @inline(__always) var xcr0: XCR0 {
    get { XCR0(rawValue: load(at: CoreLayout.xcr0)) }
    nonmutating set { store(newValue.rawValue, at: CoreLayout.xcr0) }
  }

  /// How many instructions may still be started before the loop looks up.
  @inline(__always) var budget: Int64 {
    get { load(at: CoreLayout.budget) }
    nonmutating set { store(newValue, at: CoreLayout.budget) }
  }
}

/// All ones in the low `width` bytes (1, 2, 4 or 8).
@inline(__always)
func mask(_ width: UInt8) -> UInt64 { .max >> (64 &- UInt64(width & 15) &* 8) }

/// The low `width` bytes (1, 2, 4 or 8) of `value`, sign-extended to 64 bits.
@inline(__always)
func signExtend(_ value: UInt64, _ width: UInt8) -> UInt64 {
  let unused = 64 &- Int64(width & 15) &* 8
  return UInt64(bitPattern: (Int64(bitPattern: value) << unused) >> unused)
}
