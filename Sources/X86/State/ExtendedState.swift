/// x87, SSE and later register state, as the standard (not compacted) XSAVE format holds it
/// (SDM Vol. 1, 13.4): a 512-byte legacy area as FXSAVE writes it, a 64-byte header, and the
/// extended components at the offsets of CPUID leaf 0xD.
public struct ExtendedState: Sendable, Equatable {
  /// The bytes of the area: at least 576. Fewer, as a damaged file may give, are filled up with zeros.
  public var bytes: [UInt8] {
    didSet { fillUp() }
  }

  /// The state after reset: x87 control word 0x37F, MXCSR 0x1F80, the rest zero.
  public init() {
    bytes = [UInt8](repeating: 0, count: Self.legacySize + Self.headerSize)
    x87ControlWord = 0x37F
    mxcsr = 0x1F80
  }

  /// A state with these bytes; fewer than 576 are filled up with zeros.
  public init(bytes: [UInt8]) {
    self.bytes = bytes
    fillUp()
  }

  /// Size of the legacy area, in bytes.
  public static let legacySize = 512
  /// Size of the XSAVE header, in bytes.
  public static let headerSize = 64

  /// FCW, the x87 control word.
  public var x87ControlWord: UInt16 {
    get { UInt16(littleEndian(at: 0, width: 2)) }
    set { setLittleEndian(UInt64(newValue), at: 0, width: 2) }
  }

  /// MXCSR, the SSE control and status register.
  public var mxcsr: UInt32 {
    get { UInt32(littleEndian(at: 24, width: 4)) }
    set { setLittleEndian(UInt64(newValue), at: 24, width: 4) }
  }

  /// XSTATE_BV: which components the area holds; a clear bit means "initial state".
  public var presentComponents: XCR0 {
    get { XCR0(rawValue: littleEndian(at: Self.legacySize, width: 8)) }
    set { setLittleEndian(newValue.rawValue, at: Self.legacySize, width: 8) }
  }

  /// The low and high half of XMM register `number`, 0…15.
  public func xmm(_ number: Int) -> (low: UInt64, high: UInt64) {
    let offset = 160 + 16 * (number & 15)
    return (littleEndian(at: offset, width: 8), littleEndian(at: offset + 8, width: 8))
  }

  private mutating func fillUp() {
    let missing = Self.legacySize + Self.headerSize - bytes.count
    if missing > 0 { bytes.append(contentsOf: repeatElement(0, count: missing)) }
  }

  private func littleEndian(at offset: Int, width: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
    return value
  }

  private mutating func setLittleEndian(_ value: UInt64, at offset: Int, width: Int) {
    for index in 0..<width {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }
}
