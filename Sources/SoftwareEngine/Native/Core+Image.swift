internal import X86

/// The x87, MMX and SSE registers as they lie in the state block: an image as FXSAVE64 writes it.
///
/// The image holds ST(0)…ST(7), that is the registers from TOP on, while the tags, and MMX, go by the
/// registers' own numbers. FIP and FDP are 64-bit offsets; FCS and FDS are not kept, as on processors
/// with CPUID.(7,0):EBX[13] set.
extension Core {
  @inline(__always) var x87ControlWord: UInt16 {
    get { load(at: CoreLayout.x87ControlWord) }
    nonmutating set {
      store(newValue & ControlWord.defined | ControlWord.alwaysOne, at: CoreLayout.x87ControlWord)
    }
  }
  @inline(__always) var x87StatusWord: UInt16 {
    get { load(at: CoreLayout.x87StatusWord) }
    nonmutating set { store(newValue, at: CoreLayout.x87StatusWord) }
  }
  /// One bit a register, by its own number: set where it is not empty.
  @inline(__always) var x87Tags: UInt8 {
    get { load(at: CoreLayout.x87TagByte) }
    nonmutating set { store(newValue, at: CoreLayout.x87TagByte) }
  }
  var x87Opcode: UInt16 {
    get { load(at: CoreLayout.x87Opcode) }
    nonmutating set { store(newValue & 0x7FF, at: CoreLayout.x87Opcode) }
  }
  var x87InstructionPointer: UInt64 {
    get { load(at: CoreLayout.x87InstructionPointer) }
    nonmutating set { store(newValue, at: CoreLayout.x87InstructionPointer) }
  }
  var x87DataPointer: UInt64 {
    get { load(at: CoreLayout.x87DataPointer) }
    nonmutating set { store(newValue, at: CoreLayout.x87DataPointer) }
  }
  @inline(__always) var mxcsr: UInt32 {
    get { load(at: CoreLayout.mxcsr) }
    nonmutating set { store(newValue, at: CoreLayout.mxcsr) }
  }

  /// XMM register `number`, 0…15.
  @inline(__always)
  func vector(_ number: UInt8) -> UInt128 { load(at: CoreLayout.xmm &+ Int(number & 15) &* 16) }

  @inline(__always)
  func setVector(_ number: UInt8, _ value: UInt128) {
    store(value, at: CoreLayout.xmm &+ Int(number & 15) &* 16)
  }

  /// ST(`index`): its 10 bytes, and above them 6 that are zero.
  func x87Register(_ index: Int) -> UInt128 {
    load(UInt128.self, at: CoreLayout.x87Registers &+ (index & 7) &* 16) & X87Register.mask
  }

  func setX87Register(_ index: Int, _ value: UInt128) {
    store(value & X87Register.mask, at: CoreLayout.x87Registers &+ (index & 7) &* 16)
  }

  enum X87Register { static let mask = UInt128(1) << 80 - 1 }

  /// Bits of the control word (SDM Vol. 1, 8.1.5).
  enum ControlWord {
    /// Bits that exist; bit 6 is always one.
    static let defined: UInt16 = 0x1F3F
    static let alwaysOne: UInt16 = 0x40
    static let exceptionMasks: UInt16 = 0x3F
    static let initial: UInt16 = 0x37F
  }

  /// Bits of the status word (SDM Vol. 1, 8.1.3).
  enum StatusWord {
    static let exceptionFlags: UInt16 = 0x3F
    static let stackFault: UInt16 = 1 << 6
    /// ES, and B which repeats it.
    static let errorSummary: UInt16 = 1 << 7
    static let busy: UInt16 = 1 << 15
    static let top: UInt16 = 7 << 11
  }

  /// Bits of MXCSR (SDM Vol. 1, 10.2.3).
  enum MXCSR {
    static let exceptionFlags: UInt32 = 0x3F
    static let exceptionMasks: UInt32 = 0x1F80
    static let flushToZero: UInt32 = 1 << 15
    static let initial: UInt32 = 0x1F80
    /// MXCSR_MASK: the bits that exist. The ones of AMD's beyond are not offered.
    static let defined: UInt32 = 0xFFFF
  }

  /// The register that ST(0) is.
  var x87Top: Int { Int(x87StatusWord >> 11 & 7) }

  /// Makes another register ST(0). The registers keep their values, so the image turns.
  func setX87Top(_ top: Int) {
    let turn = (top - x87Top) & 7
    x87StatusWord = x87StatusWord & ~StatusWord.top | UInt16(truncatingIfNeeded: (top & 7) << 11)
    guard turn != 0 else { return }
    var old = InlineArray<8, UInt128>(repeating: 0)
    for index in 0..<8 { old[index] = load(at: CoreLayout.x87Registers &+ index &* 16) }
    for index in 0..<8 {
      store(old[(index + turn) & 7], at: CoreLayout.x87Registers &+ index &* 16)
    }
  }

  /// Whether an exception that is not masked waits to be reported (#MF).
  @inline(__always) var isX87ErrorPending: Bool {
    x87StatusWord & ~x87ControlWord & StatusWord.exceptionFlags != 0
  }

  /// Sets or clears ES and B as flags and masks want it: the CPU does so whenever it loads either.
  func updateX87ErrorSummary() {
    let summary = StatusWord.errorSummary | StatusWord.busy
    x87StatusWord = isX87ErrorPending ? x87StatusWord | summary : x87StatusWord & ~summary
  }

  /// Makes the image one that a CPU can have, whatever it was taken from: FXRSTOR and LDMXCSR on the
  /// host would fault on bits of MXCSR that do not exist.
  func correctImage() {
    mxcsr &= MXCSR.defined
    x87ControlWord = x87ControlWord
    updateX87ErrorSummary()
  }

  /// FNINIT, without the registers themselves (SDM Vol. 2, "FINIT/FNINIT").
  func initializeX87Control() {
    setX87Top(0)
    x87ControlWord = ControlWord.initial
    x87StatusWord = 0
    x87Tags = 0
    x87Opcode = 0
    x87InstructionPointer = 0
    x87DataPointer = 0
  }

  /// What an MMX instruction does to the x87 besides its own work (SDM Vol. 1, 9.5.1).
  @inline(__always)
  func enterMMX() {
    if x87StatusWord & StatusWord.top != 0 { setX87Top(0) }
    x87Tags = 0xFF
  }
}

extension Interruption {
  /// #MF.
  static let x87FloatingPoint = Self.exception(GuestException(vector: .x87FloatingPoint))
  /// #XM.
  static let simdFloatingPoint = Self.exception(GuestException(vector: .simdFloatingPoint))
}
