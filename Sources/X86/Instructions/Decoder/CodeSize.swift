/// How the code segment says instructions are to be decoded (SDM Vol. 3A, 3.4.5: the L and D
/// flags): the default sizes of operands and addresses.
public enum CodeSize: UInt8, Sendable, CaseIterable {
  /// Real mode, virtual-8086 mode, or a code segment with D clear.
  case bits16 = 2
  /// A code segment with D set, in protected or compatibility mode.
  case bits32 = 4
  /// 64-bit mode: a code segment with L set while EFER.LMA is.
  case bits64 = 8

  /// The size at which the processor of this state decodes its next instruction.
  public init(_ state: CPUState) {
    if state.efer.contains(.longModeActive), state.cs.attributes.isLong {
      self = .bits64
    } else {
      self = state.cs.attributes.isDefault32 ? .bits32 : .bits16
    }
  }
}
