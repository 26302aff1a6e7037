/// Numbers as people write them on a command line.
enum Quantity {
  /// A size in bytes: "64M", "1G", "512K", "4096", "0x100000"; units are powers of 1024.
  static func byteCount(_ text: String) -> UInt64? {
    guard let last = text.last else { return nil }
    var digits = Substring(text)
    // "64MiB" and "64MB" mean what "64M" means.
    for suffix in ["iB", "B"] where digits.count > suffix.count && digits.hasSuffix(suffix) {
      let rest = digits.dropLast(suffix.count)
      if let unit = rest.last, shift(of: unit) != nil { digits = rest }
      break
    }
    guard let unit = digits.last, let shift = shift(of: unit) else {
      return last.isLetter && !isHexadecimal(text) ? nil : number(text)
    }
    guard let value = number(String(digits.dropLast())) else { return nil }
    let (product, overflow) = value.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : product
  }

  /// The power of two that a unit stands for.
  private static func shift(of unit: Character) -> UInt64? {
    switch unit {
    case "K", "k": 10
    case "M", "m": 20
    case "G", "g": 30
    case "T", "t": 40
    default: nil
    }
  }

  /// A whole number, decimal or with 0x hexadecimal; no sign.
  static func number(_ text: String) -> UInt64? {
    guard let first = text.first, first.isASCII, first.isNumber else { return nil }
    guard isHexadecimal(text) else { return UInt64(text) }
    let digits = text.dropFirst(2)
    // The standard library would take a sign here.
    return digits.first?.isHexDigit == true ? UInt64(digits, radix: 16) : nil
  }

  private static func isHexadecimal(_ text: String) -> Bool { text.hasPrefix("0x") || text.hasPrefix("0X") }

  /// A time in nanoseconds: "10" and "10s" are seconds, "500ms", "2m"; fractions are fine ("1.5").
  static func nanoseconds(_ text: String) -> UInt64? {
    let units: [(suffix: String, factor: Double)] = [("ms", 1e6), ("us", 1e3), ("s", 1e9), ("m", 60e9)]
    var digits = Substring(text)
    var factor = 1e9
    for unit in units where text.hasSuffix(unit.suffix) {
      digits = digits.dropLast(unit.suffix.count)
      factor = unit.factor
      break
    }
    // Only digits and a point: the standard library would take exponents, hexadecimal and "nan" too.
    let isPlain = digits.utf8.allSatisfy {
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".")
    }
    guard isPlain, digits.first?.isNumber == true, let value = Double(digits) else { return nil }
    let product = value * factor
    return product < 9e18 ? UInt64(product) : nil
  }
}
