internal import SoftwareEngine
internal import X86

/// One instruction and all that it can depend on.
struct TestCase {
  /// The instruction; what follows it in the array is not executed.
  var bytes = InlineArray<16, UInt8>(repeating: 0xCC)
  /// How many bytes it has.
  var length = 0
  /// The code segment it runs in.
  var codeSize = CodeSize.bits64
  /// The registers before it; RIP is where it lies.
  var registers = InstructionProbe.Registers()
  /// What memory holds, apart from the background.
  var patches = InlineArray<4, MemoryPatch>(repeating: MemoryPatch())
  var patchCount = 0
  /// Whether x87, MMX and SSE registers are part of the test.
  var usesExtended = false
  /// Those registers before it.
  var extended = ExtendedImage()
  /// What the decoder says it is.
  var instruction = Instruction()

  /// Adds bytes to memory; there is room for four patches, more are dropped.
  mutating func patch(_ address: UInt64, _ low: UInt64, _ high: UInt64) {
    guard patchCount < 4 else { return }
    patches[patchCount] = MemoryPatch(address: address, low: low, high: high)
    patchCount += 1
  }

  /// Drops what of memory does not lie in the data pages as a whole.
  mutating func dropPartialPatches() {
    var kept = 0
    for index in 0..<patchCount {
      let patch = patches[index]
      if patch.address >= ArenaLayout.data, patch.address <= ArenaLayout.readOnly - 16 {
        patches[kept] = patch
        kept += 1
      }
    }
    patchCount = kept
  }

  /// The bytes of the instruction as the decoder takes them.
  var instructionBytes: InstructionBytes {
    var result = InstructionBytes()
    for index in 0..<length { result.append(bytes[index]) }
    return result
  }
}

/// Sixteen bytes of data memory.
struct MemoryPatch: BitwiseCopyable {
  var address: UInt64 = 0
  var low: UInt64 = 0
  var high: UInt64 = 0
}

/// An FXSAVE image in 64-bit format (SDM Vol. 1, table 10-2).
struct ExtendedImage: BitwiseCopyable {
  var words = InlineArray<64, UInt64>(repeating: 0)

  /// The image after FNINIT, with MXCSR as after power-on.
  init() {
    words[0] = 0x037F
    words[3] = 0x0000_FFFF_0000_1F80
  }

  static let byteCount: UInt64 = 512
}

/// What became of a test case on one of the CPUs.
struct TestResult {
  /// The registers after it. RIP is that of the instruction where it faulted.
  var registers = InstructionProbe.Registers()
  var ending = InstructionProbe.Ending()
  /// x87, MMX and SSE registers after it, where the test has them.
  var extended = ExtendedImage()
}
