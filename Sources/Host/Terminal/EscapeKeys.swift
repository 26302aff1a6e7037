/// The keys by which the user of a raw terminal talks to the VMM and not to the guest: Ctrl-A and
/// then one more key, as in QEMU's `-nographic` and screen.
///
/// Ctrl-A X quits, Ctrl-A P presses the machine's power button, Ctrl-A C changes between the guest and the
/// monitor, Ctrl-A H (or ?) shows help, and
/// Ctrl-A Ctrl-A (or A) sends one Ctrl-A to the guest. Any other key after Ctrl-A is dropped with it.
public struct EscapeKeys: Sendable {
  /// Ctrl-A.
  public static let escape: UInt8 = 0x01

  /// What the user asks the VMM to do.
  public enum Command: Sendable, Equatable {
    /// End the program.
    case quit
    /// Press the machine's power button.
    case pressPowerButton
    /// Change between the guest's console and the monitor.
    case toggleMonitor
    /// Print what the keys are.
    case help
  }

  /// What becomes of a byte.
  public enum Result: Sendable, Equatable {
    /// It goes to the guest.
    case pass(UInt8)
    /// It goes nowhere: the first key of two, or an unknown second one.
    case swallow
    /// It completes a command.
    case command(Command)
  }

  /// Ctrl-A has come and its second key has not.
  public private(set) var isEscapePending = false

  /// Keys from the beginning.
  public init() {}

  /// Takes the next byte of the input.
  public mutating func take(_ byte: UInt8) -> Result {
    guard isEscapePending else {
      if byte != Self.escape { return .pass(byte) }
      isEscapePending = true
      return .swallow
    }
    isEscapePending = false
    switch byte {
    case Self.escape, UInt8(ascii: "a"), UInt8(ascii: "A"): return .pass(Self.escape)
    case UInt8(ascii: "x"), UInt8(ascii: "X"): return .command(.quit)
    case UInt8(ascii: "p"), UInt8(ascii: "P"): return .command(.pressPowerButton)
    case UInt8(ascii: "c"), UInt8(ascii: "C"): return .command(.toggleMonitor)
    case UInt8(ascii: "h"), UInt8(ascii: "H"), UInt8(ascii: "?"): return .command(.help)
    default: return .swallow
    }
  }

  /// What Ctrl-A H prints.
  public static let help = """
    Ctrl-A X   quit
    Ctrl-A P   press the power button
    Ctrl-A C   how the machine is doing
    Ctrl-A H   this help
    Ctrl-A A   send Ctrl-A to the guest

    """
}
