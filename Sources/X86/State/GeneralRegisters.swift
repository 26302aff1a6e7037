/// The sixteen general-purpose registers, 64 bits each.
public struct GeneralRegisters: Sendable, Equatable {
  /// Accumulator.
  public var rax: UInt64 = 0
  /// Base.
  public var rbx: UInt64 = 0
  /// Counter.
  public var rcx: UInt64 = 0
  /// Data.
  public var rdx: UInt64 = 0
  /// Source index.
  public var rsi: UInt64 = 0
  /// Destination index.
  public var rdi: UInt64 = 0
  /// Stack pointer.
  public var rsp: UInt64 = 0
  /// Frame pointer.
  public var rbp: UInt64 = 0
  /// Register 8.
  public var r8: UInt64 = 0
  /// Register 9.
  public var r9: UInt64 = 0
  /// Register 10.
  public var r10: UInt64 = 0
  /// Register 11.
  public var r11: UInt64 = 0
  /// Register 12.
  public var r12: UInt64 = 0
  /// Register 13.
  public var r13: UInt64 = 0
  /// Register 14.
  public var r14: UInt64 = 0
  /// Register 15.
  public var r15: UInt64 = 0

  /// All registers zero.
  public init() {}

  /// The registers by their number in an instruction's encoding (SDM Vol. 2, table 2-2):
  /// 0 RAX, 1 RCX, 2 RDX, 3 RBX, 4 RSP, 5 RBP, 6 RSI, 7 RDI, 8…15. Only the low four bits of
  /// `number` count.
  public subscript(number: Int) -> UInt64 {
    get {
      switch number & 15 {
      case 0: rax
      case 1: rcx
      case 2: rdx
      case 3: rbx
      case 4: rsp
      case 5: rbp
      case 6: rsi
      case 7: rdi
      case 8: r8
      case 9: r9
      case 10: r10
      case 11: r11
      case 12: r12
      case 13: r13
      case 14: r14
      default: r15
      }
    }
    set {
      switch number & 15 {
      case 0: rax = newValue
      case 1: rcx = newValue
      case 2: rdx = newValue
      case 3: rbx = newValue
      case 4: rsp = newValue
      case 5: rbp = newValue
      case 6: rsi = newValue
      case 7: rdi = newValue
      case 8: r8 = newValue
      case 9: r9 = newValue
      case 10: r10 = newValue
      case 11: r11 = newValue
      case 12: r12 = newValue
      case 13: r13 = newValue
      case 14: r14 = newValue
      default: r15 = newValue
      }
    }
  }

  /// The lower-case names in the order of the numbers in an encoding.
  public static let names: [String] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
  ]
}
