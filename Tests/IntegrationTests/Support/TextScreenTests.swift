import Testing

/// The screen that tests read, by what ECMA-48 says of the sequences.
struct TextScreenTests {
  private func lines(_ text: String, rows: Int = 3, columns: Int = 6) -> [String] {
    var screen = TextScreen(rows: rows, columns: columns)
    // In two ways of cutting it, which must not matter.
    screen.show(text.utf8)
    var other = TextScreen(rows: rows, columns: columns)
    for byte in text.utf8 { other.show([byte]) }
    #expect(screen.lines == other.lines)
    return screen.lines
  }

  @Test func writesWhereTheCursorIs() {
    #expect(lines("ab\r\ncd\u{8}e") == ["ab", "ce", ""])
    #expect(lines("\u{1B}[2;3Hx\u{1B}[Hy\u{1B}[99;99Hz") == ["y", "  x", "     z"])
    #expect(lines("abc\u{1B}[2Gd\u{1B}[99Ge\u{1B}[Gf") == ["fdc  e", "", ""])
    #expect(lines("a\u{1B}[2Cb\u{1B}[3Dc\u{1B}[Bd\u{1B}[Ae") == ["ac e", "  d", ""])
  }

  @Test func wrapsAndScrolls() {
    #expect(lines("1234567") == ["123456", "7", ""])
    #expect(lines("1\r\n2\r\n3\r\n4") == ["2", "3", "4"])
  }

  @Test func erases() {
    #expect(lines("abcdef\u{1B}[1;3H\u{1B}[K") == ["ab", "", ""])
    #expect(lines("abcdef\u{1B}[1;3H\u{1B}[1K") == ["   def", "", ""])
    #expect(lines("abc\r\ndef\u{1B}[2J") == ["", "", ""])
    #expect(lines("abc\r\ndef\r\nghi\u{1B}[2;2H\u{1B}[J") == ["abc", "d", ""])
  }

  @Test func ignoresColoursAndModes() {
    #expect(lines("\u{1B}[?25l\u{1B}[1;31mred\u{1B}[0m") == ["red", "", ""])
  }

  @Test func findsNumbers() {
    var screen = TextScreen()
    screen.show("\u{1B}[4;31HTest\u{1B}[4;35H #12 [Moving]\u{1B}[9;50HErrors: 0   ".utf8)
    #expect(screen.number(after: "Test #") == 12)
    #expect(screen.number(after: "Errors:") == 0)
    #expect(screen.number(after: "Pass:") == nil)
  }
}
