/// The debug registers in words, for the crash report (SDM Vol. 3B, 17.2).
extension DebugRegisters {
  /// The breakpoints that DR7 turns on, one text for each: "breakpoint 0: execute at 0x1000".
  public var breakpoints: [String] {
    let addresses = [dr0, dr1, dr2, dr3]
    return addresses.indices.compactMap { number in
      guard dr7 >> UInt64(2 * number) & 3 != 0 else { return nil }
      let control = dr7 >> UInt64(16 + 4 * number)
      let what =
        switch control & 3 {
        case 0: "execute at"
        case 1: "write of \(Self.byteCount(control)) at"
        case 2: "I/O of \(Self.byteCount(control)) at"
        default: "read or write of \(Self.byteCount(control)) at"
        }
      return "breakpoint \(number): \(what) \(hex(addresses[number]))"
    }
  }

  /// The conditions that DR6 reports, by the manual's short names: "B0", "BS".
  public var conditions: [String] {
    let names: [(bit: UInt64, name: String)] = [
      (0, "B0"), (1, "B1"), (2, "B2"), (3, "B3"), (13, "BD"), (14, "BS"), (15, "BT"),
    ]
    var conditions = names.filter { dr6 >> $0.bit & 1 != 0 }.map(\.name)
    // These two are reported by a zero.
    if dr6 >> 11 & 1 == 0 { conditions.append("BLD") }
    if dr6 >> 16 & 1 == 0 { conditions.append("RTM") }
    return conditions
  }

  /// The size that the LEN field of a breakpoint's control bits stands for.
  private static func byteCount(_ control: UInt64) -> String {
    switch control >> 2 & 3 {
    case 0: "1 byte"
    case 1: "2 bytes"
    case 2: "8 bytes"
    default: "4 bytes"
    }
  }
}
