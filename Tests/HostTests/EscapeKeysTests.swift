import Host
import Testing

@Suite struct EscapeKeysTests {
  /// What goes to the guest and what to the VMM.
  private func run(_ bytes: [UInt8]) -> (passed: [UInt8], commands: [EscapeKeys.Command]) {
    var keys = EscapeKeys()
    var passed: [UInt8] = []
    var commands: [EscapeKeys.Command] = []
    for byte in bytes {
      switch keys.take(byte) {
      case .pass(let byte): passed.append(byte)
      case .swallow: break
      case .command(let command): commands.append(command)
      }
    }
    return (passed, commands)
  }

  @Test func everyByteButCtrlAPasses() {
    for byte in UInt8.min...UInt8.max where byte != 1 {
      #expect(run([byte]) == ([byte], []))
      #expect(run([byte, byte]) == ([byte, byte], []))
    }
  }

  @Test func everySecondKey() {
    for byte in UInt8.min...UInt8.max {
      let expected: ([UInt8], [EscapeKeys.Command])
      switch byte {
      case 0x58, 0x78: expected = ([], [.quit])
      case 0x50, 0x70: expected = ([], [.pressPowerButton])
      case 0x43, 0x63: expected = ([], [.toggleMonitor])
      case 0x48, 0x68, 0x3F: expected = ([], [.help])
      case 0x41, 0x61, 0x01: expected = ([1], [])
      default: expected = ([], [])
      }
      #expect(run([1, byte]) == expected, "Ctrl-A and \(byte)")
      // The third key is an ordinary one again.
      let (passed, commands) = run([1, byte, 0x78])
      #expect(passed == expected.0 + [0x78] && commands == expected.1)
    }
  }

  @Test func runsOfCtrlAGiveHalfAsMany() {
    for count in 0..<20 {
      #expect(run([UInt8](repeating: 1, count: count)).passed == [UInt8](repeating: 1, count: count / 2))
    }
    // An odd run leaves the escape open: the next key is for the VMM.
    #expect(run([1, 1, 1, 0x78]) == ([1], [.quit]))
    #expect(run([1, 1, 0x78]) == ([1, 0x78], []))
  }

  @Test func theStateIsInTheValue() {
    var keys = EscapeKeys()
    #expect(!keys.isEscapePending)
    #expect(keys.take(1) == .swallow)
    #expect(keys.isEscapePending)
    // Input that is split here goes on with the same value; a copy goes its own way.
    var copy = keys
    #expect(keys.take(0x63) == .command(.toggleMonitor))
    #expect(copy.take(0x01) == .pass(1))
    #expect(!keys.isEscapePending && !copy.isEscapePending)
  }

  @Test func commandsAmongText() {
    let (passed, commands) = run(Array("ab\u{1}xcd\u{1}\u{1}e\u{1}h\u{1}zf".utf8))
    #expect(passed == Array("abcd\u{1}ef".utf8))
    #expect(commands == [.quit, .help])
  }
}
