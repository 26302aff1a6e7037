/// What a terminal shows: enough of ECMA-48 ("ANSI" sequences) for guests that write all over the screen.
///
/// Text and the moves of the cursor count; colours and modes do not. Bytes come in pieces of any size.
struct TextScreen {
  let columns: Int
  private(set) var rows: [[UInt8]]
  private var row = 0
  private var column = 0
  private var parser = Parser.text

  private enum Parser {
    case text
    /// Behind ESC.
    case escape
    /// Behind ESC [, with the parameters so far; a private sequence means nothing here.
    case sequence(parameters: [Int], isPrivate: Bool)
  }

  init(rows: Int = 25, columns: Int = 80) {
    self.columns = columns
    self.rows = Array(repeating: Array(repeating: 0x20, count: columns), count: rows)
  }

  /// The lines, without the blanks at their ends.
  var lines: [String] {
    rows.map { row in
      String(decoding: row[..<(row.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? 0)], as: UTF8.self)
    }
  }
  var text: String { lines.joined(separator: "\n") }

  /// The number that follows the first `label` on the screen, blanks between them aside.
  func number(after label: String) -> Int? {
    guard let line = lines.first(where: { $0.contains(label) }) else { return nil }
    // Without Foundation: the text behind the label's first place.
    var rest = Substring(line)
    while !rest.hasPrefix(label) { rest = rest.dropFirst() }
    return Int(rest.dropFirst(label.count).drop { $0 == " " }.prefix { $0.isNumber })
  }

  mutating func show(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { show(byte) }
  }

  private mutating func show(_ byte: UInt8) {
    switch (parser, byte) {
    case (_, 0x1B): parser = .escape
    case (.text, _): write(byte)
    case (.escape, UInt8(ascii: "[")): parser = .sequence(parameters: [0], isPrivate: false)
    case (.escape, _): parser = .text
    case (.sequence(var parameters, let isPrivate), 0x30...0x39):
      parameters[parameters.count - 1] = min(parameters[parameters.count - 1] * 10 + Int(byte - 0x30), 9999)
      parser = .sequence(parameters: parameters, isPrivate: isPrivate)
    case (.sequence(let parameters, let isPrivate), UInt8(ascii: ";")):
      parser = .sequence(parameters: parameters + [0], isPrivate: isPrivate)
    case (.sequence(let parameters, _), 0x3A...0x3F):
      parser = .sequence(parameters: parameters, isPrivate: true)
    case (.sequence(let parameters, let isPrivate), 0x40...0x7E):
      parser = .text
      if !isPrivate { perform(byte, parameters) }
    case (.sequence, _): break
    }
  }

  private mutating func write(_ byte: UInt8) {
    switch byte {
    case 0x08: column = max(column - 1, 0)
    case 0x0A: lineFeed()
    case 0x0D: column = 0
    case 0x20...:
      if column == columns {
        column = 0
        lineFeed()
      }
      rows[row][column] = byte
      column += 1
    default: break
    }
  }

  private mutating func lineFeed() {
    if row < rows.count - 1 {
      row += 1
    } else {
      rows.removeFirst()
      rows.append(Array(repeating: 0x20, count: columns))
    }
  }

  private mutating func perform(_ final: UInt8, _ parameters: [Int]) {
    let first = parameters[0]
    let distance = max(first, 1)
    switch final {
    case UInt8(ascii: "A"): row = max(row - distance, 0)
    case UInt8(ascii: "B"): row = min(row + distance, rows.count - 1)
    case UInt8(ascii: "C"): column = min(column + distance, columns - 1)
    case UInt8(ascii: "D"): column = max(min(column, columns - 1) - distance, 0)
    case UInt8(ascii: "G"): column = min(distance, columns) - 1
    case UInt8(ascii: "H"), UInt8(ascii: "f"):
      row = min(distance, rows.count) - 1
      column = min(max(parameters.count > 1 ? parameters[1] : 1, 1), columns) - 1
    case UInt8(ascii: "J"): erase(first, from: row * columns + column, size: rows.count * columns)
    case UInt8(ascii: "K"):
      let start = row * columns
      erase(first, from: start + column, start: start, size: columns)
    default: break
    }
  }

  /// Blanks cells: 0 from the cursor on, 1 up to the cursor, 2 all.
  private mutating func erase(_ extent: Int, from cursor: Int, start: Int = 0, size: Int) {
    let end = start + size
    let range =
      switch extent {
      case 0: min(cursor, end)..<end
      case 1: start..<min(cursor + 1, end)
      default: start..<end
      }
    for cell in range { rows[cell / columns][cell % columns] = 0x20 }
  }
}
