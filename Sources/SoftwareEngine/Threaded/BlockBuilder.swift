internal import X86

/// Decodes the instructions from an address on into operations.
extension Interpreter {
  /// How many instructions a block has at most.
  private static let maximumBlockLength = 32

  /// The operation for the instruction at offset `offset` of the physical page at `physical`; nil
  /// where the instruction cannot be one: it crosses into the next page, or does not decode. The plain
  /// tier then says what it does.
  func operation(physicalPage physical: UInt64, offset: Int, flavor: CodeFlavor) -> ThreadedOperation? {
    guard let host = unsafe memory.host(ofPage: physical) else { return nil }
    let bytes = unsafe UnsafeRawPointer(host.address)
    // Sound: guest memory stays mapped for as long as the machine exists.
    let page = unsafe codeCache.page(physical, flavor: flavor, bytes: bytes)
    if let known = page.operation(at: offset) { return known }

    var prepared: [PreparedOperation] = []
    prepared.reserveCapacity(Self.maximumBlockLength + 1)
    var place = offset
    let decoder = InstructionDecoder(flavor.codeSize)
    while prepared.count < Self.maximumBlockLength, place < 4096 {
      // Sound: `place` is in the page, and no byte past its end is taken.
      guard let instruction = unsafe decode(bytes + place, available: 4096 - place, decoder) else { break }
      let (operation, endsBlock) = prepare(instruction, pageOffset: place, flavor: flavor, page: page)
      prepared.append(operation)
      place += Int(instruction.length)
      if endsBlock { break }
    }
    prepared.dropUnseenFlags()
    guard let last = prepared.last, page.reserve(prepared.count + 1) else { return nil }
    var first: ThreadedOperation?
    for index in prepared.indices {
      prepared[index].remaining = UInt8(prepared.count - index)
      let operation = page.append(prepared[index])
      if index == 0 { first = operation }
    }
    // Reached only where the last instruction goes on to what follows it.
    var end = PreparedOperation(
      blockEndHandler, length: 0, pageOffset: last.pageOffset &+ UInt16(last.length))
    end.remaining = 0
    _ = page.append(end)
    page.keepBytes()
    return first
  }

  @unsafe
  private func decode(_ bytes: UnsafeRawPointer, available: Int, _ decoder: InstructionDecoder)
    -> Instruction?
  {
    var fetched = InstructionBytes()
    if available >= 16 {
      fetched = unsafe InstructionBytes(
        low: bytes.loadUnaligned(as: UInt64.self),
        high: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self), count: 15)
    } else {
      for index in 0..<available {
        fetched.append(unsafe bytes.load(fromByteOffset: index, as: UInt8.self))
      }
    }
    return try? decoder.decode(fetched)
  }

  private func prepare(
    _ instruction: Instruction, pageOffset: Int, flavor: CodeFlavor, page: CodePage
  ) -> (PreparedOperation, endsBlock: Bool) {
    let endsBlock = ThreadedSelection.endsBlock(instruction)
    let offset = UInt16(pageOffset)
    if flavor == .bits64, let hot = ThreadedSelection.select(instruction, pageOffset: offset) {
      return (hot, endsBlock)
    }
    var operation = PreparedOperation(
      endsBlock ? plainEndingHandler : plainHandler, length: instruction.length, pageOffset: offset)
    operation.immediate = page.keep(instruction)
    return (operation, endsBlock)
  }
}

/// Stands after the last operation of a block.
let blockEndHandler = ThreadedHandler { core, operation in
  let (core, operation) = unsafe (Core(base: core), ThreadedOperation(operation))
  // In 64-bit mode the next block may be known.
  return core.isLong
    ? transfer(core, to: operation.rip(core)) : leave(core, .lookUp, rip: operation.rip(core))
}
