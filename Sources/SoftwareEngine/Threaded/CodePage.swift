internal import X86

/// How a page's instructions were decoded: what of the mode is built into its operations.
enum CodeFlavor: UInt8 {
  case bits16
  case bits32
  case bits64

  var codeSize: CodeSize {
    switch self {
    case .bits16: .bits16
    case .bits32: .bits32
    case .bits64: .bits64
    }
  }
}

/// The operations decoded from one physical page, in one flavor.
///
/// Operations are kept in chunks that never move, because links and the jump cache hold their
/// addresses. They die together: what is written to a page's code makes all of it stale.
@safe
final class CodePage {
  /// Physical address of the page.
  let address: UInt64
  let flavor: CodeFlavor
  /// Which 64-byte pieces of the page hold bytes of decoded instructions.
  private(set) var pieces: UInt64 = 0
  /// Its operations were made stale.
  private(set) var isStale = false
  /// When it was last known to agree with memory; see `CodeCache.memoryMayHaveChanged`.
  var epoch: UInt64 = 0
  /// The page in memory.
  private let bytes: UnsafeRawPointer
  /// The page as it was when its first instruction was decoded, which is what counts for its `pieces`.
  private let copy: UnsafeMutableRawPointer
  /// Which pieces of `copy` are as they were when instructions were decoded from them.
  private var copiedPieces: UInt64 = 0

  /// Offset in the page → number of the operation there, plus one; 0 where none begins a block or is
  /// in one.
  private let numbers: UnsafeMutablePointer<UInt16>
  private var chunks: [Chunk] = []
  private var instructions: [InstructionChunk] = []
  private var operationCount = 0
  private var instructionCount = 0

  /// Room for `chunkOperations` operations.
  @safe
  private struct Chunk { let base: UnsafeMutableRawPointer }
  /// Room for `chunkInstructions` instructions.
  @safe
  private struct InstructionChunk { let base: UnsafeMutablePointer<Instruction> }

  private static let chunkOperations = 128
  private static let chunkInstructions = 64
  /// As many as a number of 16 bits can tell apart.
  static let maximumOperationCount = 60_000

  /// - Safety: the page's bytes at `bytes` stay mapped for as long as this object lives.
  @unsafe
  init(address: UInt64, flavor: CodeFlavor, bytes: UnsafeRawPointer) {
    self.address = address
    self.flavor = flavor
    unsafe self.bytes = bytes
    unsafe copy = .allocate(byteCount: 4096, alignment: 64)
    unsafe numbers = .allocate(capacity: 4096)
    unsafe numbers.initialize(repeating: 0, count: 4096)
  }

  deinit {
    unsafe numbers.deallocate()
    unsafe copy.deallocate()
    for chunk in chunks { unsafe chunk.base.deallocate() }
    for chunk in instructions { unsafe chunk.base.deallocate() }
  }

  /// The operation of the instruction at `offset`, 0…4095.
  func operation(at offset: Int) -> ThreadedOperation? {
    let number = unsafe numbers[offset & 0xFFF]
    return number == 0 ? nil : operation(number: Int(number) - 1)
  }

  private func operation(number: Int) -> ThreadedOperation {
    // Sound: numbers are only given out for operations that exist.
    unsafe ThreadedOperation(
      UnsafeRawPointer(chunks[number / Self.chunkOperations].base)
        + number % Self.chunkOperations * ThreadedOperation.byteCount)
  }

  /// Room for `count` operations in a row; nil where the page has taken up too many.
  func reserve(_ count: Int) -> Bool {
    let room = chunks.count * Self.chunkOperations - operationCount
    if room >= count { return true }
    guard operationCount + Self.chunkOperations <= Self.maximumOperationCount else { return false }
    operationCount = chunks.count * Self.chunkOperations
    let base = UnsafeMutableRawPointer.allocate(
      byteCount: Self.chunkOperations * ThreadedOperation.byteCount, alignment: 64)
    unsafe chunks.append(Chunk(base: base))
    return true
  }

  /// Appends an operation in the room that was reserved. `length` 0 is for those that stand for no
  /// instruction.
  func append(_ operation: borrowing PreparedOperation) -> ThreadedOperation {
    let number = operationCount
    operationCount += 1
    let place = unsafe UnsafeMutableRawPointer(mutating: self.operation(number: number).base)
    unsafe operation.store(to: place)
    if operation.length > 0 {
      let first = Int(operation.pageOffset) & 0xFFF
      unsafe numbers[first] = UInt16(number + 1)
      let last = min(first + Int(operation.length) - 1, 4095)
      for piece in first >> 6...last >> 6 { pieces |= 1 << UInt64(piece) }
    }
    return unsafe ThreadedOperation(place)
  }

  /// Keeps a decoded instruction for as long as the page; its address goes into an operation.
  func keep(_ instruction: Instruction) -> UInt64 {
    let slot = instructionCount % Self.chunkInstructions
    if slot == 0 {
      unsafe instructions.append(InstructionChunk(base: .allocate(capacity: Self.chunkInstructions)))
    }
    instructionCount += 1
    let place = unsafe instructions[instructions.count - 1].base + slot
    unsafe place.initialize(to: instruction)
    return UInt64(UInt(bitPattern: place))
  }

  /// Keeps the bytes of the pieces that came in since the last call. What was decoded from a piece before
  /// it was written to does not agree with memory any more, so its first copy stays.
  func keepBytes() {
    var added = pieces & ~copiedPieces
    copiedPieces |= added
    while added != 0 {
      let offset = added.trailingZeroBitCount << 6
      // Sound: both are pages.
      unsafe (copy + offset).copyMemory(from: bytes + offset, byteCount: 64)
      added &= added &- 1
    }
  }

  /// Whether memory still has what the instructions were decoded from.
  var matchesMemory: Bool {
    var rest = copiedPieces
    while rest != 0 {
      let offset = rest.trailingZeroBitCount << 6
      for word in stride(from: offset, to: offset + 64, by: 8) {
        // Sound: both are pages, and 8 divides their addresses.
        let (now, then) = unsafe (
          bytes.load(fromByteOffset: word, as: UInt64.self), copy.load(fromByteOffset: word, as: UInt64.self)
        )
        if now != then { return false }
      }
      rest &= rest &- 1
    }
    return true
  }

  /// Makes every operation leave the threaded tier before it does anything.
  func makeStale() {
    isStale = true
    unsafe numbers.update(repeating: 0, count: 4096)
    let handler = unsafe staleHandler.function
    for number in 0..<operationCount {
      let place = unsafe UnsafeMutableRawPointer(mutating: operation(number: number).base)
      unsafe place.storeBytes(of: handler, as: HandlerFunction.self)
    }
  }

  /// Whether bytes of decoded instructions lie among the `count` bytes at `offset` of the page.
  func holdsCode(at offset: UInt64, count: UInt64) -> Bool {
    let first = offset >> 6
    let last = min((offset &+ max(count, 1) &- 1) >> 6, 63)
    if first > last { return false }
    let mask = (UInt64.max << first) & (UInt64.max >> (63 - last))
    return pieces & mask != 0
  }
}

/// The operation's page was written to: the instruction here is decoded anew.
let staleHandler = ThreadedHandler { core, operation in
  let (core, operation) = unsafe (Core(base: core), ThreadedOperation(operation))
  core.budget = core.budget &+ operation.remaining
  return leave(core, .lookUp, rip: operation.rip(core))
}
