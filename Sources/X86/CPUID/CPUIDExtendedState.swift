/// The layout of the XSAVE area that leaf 0xD describes (SDM Vol. 1, 13.2).
extension CPUIDTable {
  /// The components of XCR0 that the guest may enable: EDX:EAX of leaf 0xD. X87 alone where the leaf
  /// is missing.
  public var supportedXCR0: XCR0 {
    guard has(.xsave), let leaf = self[0xD, 0]?.registers else { return .x87 }
    return XCR0(rawValue: UInt64(leaf.edx) << 32 | UInt64(leaf.eax))
  }

  /// Where a component of the standard format lies, in bytes, or nil where leaf 0xD does not describe it.
  ///
  /// - Parameter number: the component's bit in XCR0, 2…62. X87 and SSE are in the legacy area.
  public func extendedStateComponent(_ number: Int) -> (offset: Int, byteCount: Int)? {
    guard (2...62).contains(number), let leaf = self[0xD, UInt32(number)]?.registers, leaf.eax != 0 else {
      return nil
    }
    return (Int(leaf.ebx), Int(leaf.eax))
  }

  /// The bytes that XSAVE's standard format needs for these components: at least 576.
  public func extendedStateByteCount(for components: XCR0) -> Int {
    var end = ExtendedState.legacySize + ExtendedState.headerSize
    for number in 2...62 where components.rawValue >> UInt64(number) & 1 != 0 {
      // Both come from 32-bit registers: the sum cannot overflow.
      if let component = extendedStateComponent(number) {
        end = max(end, component.offset + component.byteCount)
      }
    }
    return end
  }

  /// The bytes of the largest area the guest can have: all supported components enabled.
  public var extendedStateMaximumByteCount: Int { extendedStateByteCount(for: supportedXCR0) }
}
