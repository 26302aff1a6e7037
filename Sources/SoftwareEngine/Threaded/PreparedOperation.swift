internal import X86

/// An operation before it is put into its page.
struct PreparedOperation {
  var handler: ThreadedHandler
  var destination: Int = CoreLayout.zero
  var source: Int = CoreLayout.zero
  var addressBase: Int = CoreLayout.zero
  var addressIndex: Int = CoreLayout.zero
  var scale: UInt8 = 0
  var length: UInt8
  var remaining: UInt8 = 1
  var displacement: Int32 = 0
  var pageOffset: UInt16
  var immediate: UInt64 = 0
  /// What it has to do with the status flags.
  var flags = FlagUse.needsThem
  /// Does the same and leaves the status flags as they are.
  var quietHandler: ThreadedHandler?

  init(_ handler: ThreadedHandler, length: UInt8, pageOffset: UInt16) {
    self.handler = handler
    self.length = length
    self.pageOffset = pageOffset
  }

  /// Writes the 32 bytes of the operation at `place`.
  @unsafe
  func store(to place: UnsafeMutableRawPointer) {
    typealias Layout = ThreadedOperation
    func byte(_ value: Int, _ offset: Int) {
      unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: offset, as: UInt8.self)
    }
    unsafe place.storeBytes(
      of: handler.function, toByteOffset: Layout.handlerOffset, as: HandlerFunction.self)
    byte(destination, Layout.destinationOffset)
    byte(source, Layout.sourceOffset)
    byte(addressBase, Layout.baseOffset)
    byte(addressIndex, Layout.indexOffset)
    byte(Int(scale), Layout.scaleOffset)
    byte(Int(length), Layout.lengthOffset)
    byte(Int(remaining), Layout.remainingOffset)
    byte(0, Layout.remainingOffset + 1)
    unsafe place.storeBytes(of: displacement, toByteOffset: Layout.displacementOffset, as: Int32.self)
    unsafe place.storeBytes(of: pageOffset, toByteOffset: Layout.pageOffsetOffset, as: UInt16.self)
    unsafe place.storeBytes(of: 0, toByteOffset: Layout.pageOffsetOffset + 2, as: UInt16.self)
    unsafe place.storeBytes(of: immediate, toByteOffset: Layout.immediateOffset, as: UInt64.self)
  }

  /// Takes over the memory operand of a 64-bit instruction; false where its address has a form that
  /// the threaded tier leaves to the plain one.
  mutating func setAddress(_ instruction: Instruction) -> Bool {
    let memory = instruction.memory
    guard instruction.addressSize == 8 else { return false }
    addressBase = memory.base < 16 ? Int(memory.base) * 8 : CoreLayout.zero
    addressIndex = memory.index < 16 ? Int(memory.index) * 8 : CoreLayout.zero
    scale = UInt8(truncatingIfNeeded: memory.scale.trailingZeroBitCount)
    var full = memory.displacement
    if memory.base == MemoryOperand.instructionPointer {
      addressBase = CoreLayout.codePage
      full += Int64(pageOffset) + Int64(length)
      if full > Int64(Int32.max) {
        // At most a page too much: the constant in the block has it.
        full -= 4096
        addressIndex = CoreLayout.pageSize
        scale = 0
      }
    }
    if memory.segment == .fs || memory.segment == .gs {
      guard addressIndex == CoreLayout.zero else { return false }
      addressIndex = memory.segment == .fs ? CoreLayout.fsBase : CoreLayout.gsBase
      scale = 0
    }
    guard let narrow = Int32(exactly: full) else { return false }
    displacement = narrow
    return true
  }
}

/// The offset in the state block of a register operand: general registers and AH…BH.
func registerOffset(_ operand: Operand) -> Int? {
  switch operand {
  case .general(let number, _): Int(number & 15) * 8
  case .highByte(let number): Int(number & 3) * 8 + 1
  default: nil
  }
}
