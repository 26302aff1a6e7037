/// A JSON document to be written (RFC 8259). There is no reader: the VMM takes no JSON.
///
/// Ours, because the core library has no dependency and no Foundation: it is a page of code against
/// megabytes of start-up.
public indirect enum JSONValue: Sendable, Equatable {
  /// Members in the order in which they are written.
  case object([(name: String, value: JSONValue)])
  /// Elements.
  case array([JSONValue])
  /// A text.
  case string(String)
  /// A whole number. Readers keep 53 bits; larger values are written as hexadecimal strings.
  case number(Int64)
  /// True or false.
  case bool(Bool)
  /// Null.
  case null

  /// Equal where the documents are, members in the same order.
  public static func == (left: Self, right: Self) -> Bool { left.text == right.text }

  /// A number by its hexadecimal text: "0xfee00000".
  public static func hex(_ value: UInt64) -> JSONValue { .string("0x" + String(value, radix: 16)) }

  /// The document, indented by two spaces, without a line break at the end.
  public var text: String {
    var text = ""
    write(to: &text, indentation: "")
    return text
  }

  private func write(to text: inout String, indentation: String) {
    let inner = indentation + "  "
    switch self {
    case .object(let members):
      if members.isEmpty { return text += "{}" }
      text += "{"
      for (position, member) in members.enumerated() {
        text += (position == 0 ? "\n" : ",\n") + inner + Self.quoted(member.name) + ": "
        member.value.write(to: &text, indentation: inner)
      }
      text += "\n" + indentation + "}"
    case .array(let elements):
      if elements.isEmpty { return text += "[]" }
      text += "["
      for (position, element) in elements.enumerated() {
        text += (position == 0 ? "\n" : ",\n") + inner
        element.write(to: &text, indentation: inner)
      }
      text += "\n" + indentation + "]"
    case .string(let string): text += Self.quoted(string)
    case .number(let number): text += String(number)
    case .bool(let value): text += value ? "true" : "false"
    case .null: text += "null"
    }
  }

  private static func quoted(_ string: String) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A number.
  public init(integerLiteral value: Int64) { self = .number(value) }
  /// True or false.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
