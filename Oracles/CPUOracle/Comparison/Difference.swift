internal import SoftwareEngine
internal import X86

/// In what two CPUs disagree about a test case.
struct Difference: OptionSet, Hashable {
  var rawValue: UInt32
  static let exception = Self(rawValue: 1 << 0)
  static let errorCode = Self(rawValue: 1 << 1)
  static let faultAddress = Self(rawValue: 1 << 2)
  static let instructionPointer = Self(rawValue: 1 << 3)
  static let registers = Self(rawValue: 1 << 4)
  static let flags = Self(rawValue: 1 << 5)
  static let memory = Self(rawValue: 1 << 6)
  static let x87 = Self(rawValue: 1 << 7)
  static let vectors = Self(rawValue: 1 << 8)
  static let mxcsr = Self(rawValue: 1 << 9)
  /// Only flags that the manuals leave undefined differ. It is counted, and no failure.
  static let undefinedFlags = Self(rawValue: 1 << 10)
  /// Only the last instruction's addresses that x87 keeps differ. It is counted, and no failure.
  static let x87Pointers = Self(rawValue: 1 << 11)

  /// What is no failure.
  static let tolerated: Self = [.undefinedFlags, .x87Pointers]
  var isFailure: Bool { !subtracting(.tolerated).isEmpty }

  /// The differences in words.
  var words: String {
    let names: [(Self, String)] = [
      (.exception, "exception"), (.errorCode, "error code"), (.faultAddress, "fault address"),
      (.instructionPointer, "RIP"), (.registers, "registers"), (.flags, "flags"), (.memory, "memory"),
      (.x87, "x87"), (.vectors, "vectors"), (.mxcsr, "MXCSR"),
    ]
    return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
  }
}

extension TestCase {
  /// Whether the instruction loads or stores several fields, which a CPU may do in any order, and not
  /// take back when one of them faults.
  var isComposite: Bool {
    switch instruction.operation {
    case .fldenv, .fnstenv, .frstor, .fnsave, .fxsave, .fxrstor, .enter, .pusha, .popa, .maskmovq,
      .maskmovdqu:
      true
    case .fld, .fstp, .fbld, .fbstp: instruction.memoryWidth == 10
    default: false
    }
  }
}

/// Compares what became of a test case on two CPUs, memory aside.
func compare(_ test: TestCase, host: TestResult, engine: TestResult) -> Difference {
  var difference: Difference = []
  var host = HostEnding(host, test)
  // A trap's RIP is past the instruction for the host and is set with its delivery for the engine.
  let isTrap =
    host.vector == 3 || host.vector == 4 || (host.vector == 1 && test.instruction.operation == .int1)
  let isComposite = test.isComposite
  // An encoding that only the other maker's CPUs know has another length for this one.
  if host.vector == 6, test.instruction.feature == .sse4a { return [] }
  // The engine looks at the gate of INT3, INTO and INT1 with the instruction, and the guest has none.
  if let vector = host.vector, isTrap, engine.ending.vector == 13,
    engine.ending.errorCode & ~1 == UInt32(vector) * 8 + 2
  {
    host.vector = 13
    host.errorCode = engine.ending.errorCode
  }
  // Which of several faults an access is found guilty of first is up to the CPU: alignment or page, and
  // where many fields are accessed page or segment.
  if let left = host.vector, let right = engine.ending.vector,
    left == 17 && right >= 12 && right <= 14
      || isComposite && left >= 12 && left <= 14 && right >= 12 && right <= 14
  {
    return []
  }
  // Whether MASKMOVQ looks at memory that no byte goes to is open, too.
  let isMasked = test.instruction.operation == .maskmovq || test.instruction.operation == .maskmovdqu
  if isMasked, host.vector == 14, engine.ending.vector == nil { return [] }
  if host.vector != engine.ending.vector {
    difference.insert(.exception)
  } else if let vector = host.vector {
    // Linux reports a fault above the last page of user space as one of protection, whatever it was
    // (arch/x86/mm/fault.c, set_signal_archinfo).
    if vector == 14, host.faultAddress >= 0x7FFF_FFFF_F000 {
      host.errorCode = host.errorCode & ~1 | engine.ending.errorCode & 1
    }
    if isComposite, vector == 14 { host.errorCode = host.errorCode & ~1 | engine.ending.errorCode & 1 }
    if host.errorCode != engine.ending.errorCode { difference.insert(.errorCode) }
    let known: UInt64 = isComposite ? 0 : .max
    if vector == 14, (host.faultAddress ^ engine.ending.faultAddress) & known != 0 {
      difference.insert(.faultAddress)
    }
  }
  if !isTrap, host.registers.rip != engine.registers.rip { difference.insert(.instructionPointer) }
  // Before a string instruction with 32-bit addresses faults, a CPU may have cleared the upper halves of
  // the registers that it counts with.
  let isCut = host.vector != nil && test.instruction.operation.isString && test.instruction.addressSize == 4
  // POPA may have loaded some when it faults.
  let isPartial = host.vector != nil && test.instruction.operation == .popa
  for number in 0..<16 where !isPartial {
    var change = host.registers.general[number] ^ engine.registers.general[number]
    if isCut, number == 1 || number == 6 || number == 7 { change &= 0xFFFF_FFFF }
    if change != 0 { difference.insert(.registers) }
  }
  let resume = RFLAGS.resume.rawValue
  let flags = (host.registers.rflags ^ engine.registers.rflags) & ~resume
  if flags != 0 {
    let undefined = UndefinedFlags.mask(test)
    difference.insert(flags & ~undefined != 0 ? .flags : .undefinedFlags)
  }
  return difference
}

/// A host's ending, with what it did after a jump taken back.
private struct HostEnding {
  var vector: UInt8?
  var errorCode: UInt32
  var faultAddress: UInt64
  var registers: InstructionProbe.Registers

  init(_ result: TestResult, _ test: TestCase) {
    (vector, errorCode) = (result.ending.vector, result.ending.errorCode)
    (faultAddress, registers) = (result.ending.faultAddress, result.registers)
    // The instruction jumped, and what could not be fetched is the next one.
    if vector == 14, registers.rip != test.registers.rip, faultAddress == registers.rip { vector = nil }
  }
}

/// Compares the registers of x87, MMX and SSE.
///
/// - Parameters:
///   - isCut: an MMX instruction that faulted: TOP may be 0 already, and the tags valid.
///   - isUnmasked: an SSE instruction that raised #XM: PE of MXCSR does not count.
func compareExtended(_ host: ExtendedImage, _ engine: ExtendedImage, isCut: Bool, isUnmasked: Bool)
  -> Difference
{
  var difference: Difference = []
  let controlStatusTag: UInt64 = isCut ? 0x0000_0000_C7FF_FFFF : 0x0000_00FF_FFFF_FFFF
  if (host.words[0] ^ engine.words[0]) & controlStatusTag != 0 { difference.insert(.x87) }
  if host.words[1] != engine.words[1] || host.words[2] != engine.words[2]
    || (host.words[0] ^ engine.words[0]) >> 48 != 0
  {
    difference.insert(.x87Pointers)
  }
  // Whether a result is inexact that overflows or underflows without a mask: see `compareAll`.
  let known: UInt64 = isUnmasked ? 0xFFFF_FFDF : 0xFFFF_FFFF
  if (host.words[3] ^ engine.words[3]) & known != 0 { difference.insert(.mxcsr) }
  for register in 0..<8 where !isCut {
    if host.words[4 + register * 2] != engine.words[4 + register * 2]
      || (host.words[5 + register * 2] ^ engine.words[5 + register * 2]) & 0xFFFF != 0
    {
      difference.insert(.x87)
    }
  }
  for word in 20..<52 where host.words[word] != engine.words[word] { difference.insert(.vectors) }
  return difference
}

/// Compares what became of a test case on two CPUs, the registers of x87 and SSE and memory included.
func compareAll(_ test: TestCase, host: TestResult, engine: TestResult, isMemoryEqual: Bool) -> Difference {
  var difference = compare(test, host: host, engine: engine)
  if !isMemoryEqual, host.ending.vector == nil || !test.isComposite { difference.insert(.memory) }
  if test.usesExtended {
    var usesMMX = false
    for index in 0..<4 { if case .mmx = test.instruction.operands[index] { usesMMX = true } }
    // The engine does not compute with an unbounded exponent, which would tell whether a result is
    // inexact that overflows or underflows; the manuals leave the order in a vector open as well.
    let isCut = usesMMX && host.ending.vector != nil
    difference.formUnion(
      compareExtended(host.extended, engine.extended, isCut: isCut, isUnmasked: host.ending.vector == 19))
    let isDotProduct = test.instruction.operation == .dpps || test.instruction.operation == .dppd
    if isDotProduct, host.ending.vector == 19 { difference.remove(.mxcsr) }
  }
  return difference
}
