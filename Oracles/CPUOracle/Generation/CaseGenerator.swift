internal import X86

/// Makes test cases: for each form random operands and values, biased towards where things go wrong.
///
/// A case depends only on the seed and its number, so that any case can be made again alone.
struct CaseGenerator {
  let catalog: FormCatalog
  let codeSize: CodeSize
  let seed: UInt64
  let place: Reach.Place
  private let decoder: InstructionDecoder

  /// What is in the making.
  var random = RandomSource(seed: 0)
  var encoding = Encoding()
  /// Map and opcode of the last encoding that `makeUndefined` made.
  var undefinedOpcode: UInt16 = 0

  init(catalog: FormCatalog, codeSize: CodeSize, seed: UInt64, place: Reach.Place = .process) {
    self.catalog = catalog
    self.codeSize = codeSize
    self.seed = seed
    self.place = place
    decoder = InstructionDecoder(codeSize)
  }

  /// Makes case `number` and returns the index of its form.
  mutating func make(_ number: UInt64, _ test: inout TestCase) -> Int {
    random = RandomSource(seed: seed &* 0xD134_2543_DE82_EF95 ^ number)
    let index = Int(random.below(UInt64(catalog.forms.count)))
    // An attempt fails where random prefixes make another instruction, or an address leads to memory
    // that is not ours.
    var attempts = 0
    while !attempt(catalog.forms[index], isPlain: attempts > 20, &test) {
      attempts += 1
      if attempts == 200 { return -1 }
    }
    return index
  }

  /// Makes a case of given bytes, with random registers and memory.
  mutating func make(_ bytes: [UInt8], number: UInt64, _ test: inout TestCase) -> Bool {
    random = RandomSource(seed: seed &* 0xD134_2543_DE82_EF95 ^ number)
    for _ in 0..<200 {
      begin(&test)
      for (index, byte) in bytes.prefix(15).enumerated() { test.bytes[index] = byte }
      test.length = min(bytes.count, 15)
      encoding = Encoding()
      do throws(DecodeError) {
        test.instruction = try decoder.decode(test.instructionBytes)
      } catch {
        return true
      }
      if finish(&test) { return true }
    }
    return false
  }

  mutating func begin(_ test: inout TestCase) {
    test.patchCount = 0
    test.codeSize = codeSize
    test.bytes = .init(repeating: 0xCC)
    for number in 0..<16 { test.registers.general[number] = random.edgeValue() }
    // IF is set in every process; DF seldom, AC rarely, ID sometimes.
    let choice = random.next()
    test.registers.rflags = 0x202 | choice & 0x8D5
    if choice >> 32 & 3 == 0 { test.registers.rflags |= RFLAGS.direction.rawValue }
    if choice >> 34 & 31 == 0 { test.registers.rflags |= RFLAGS.alignmentCheck.rawValue }
    test.registers.rip = ArenaLayout.code + 0x800 + choice >> 48 & 63
  }

  private mutating func attempt(_ form: OpcodeForm, isPlain: Bool, _ test: inout TestCase) -> Bool {
    begin(&test)
    encode(form, isPlain: isPlain, &test)
    do throws(DecodeError) {
      test.instruction = try decoder.decode(test.instructionBytes)
    } catch {
      return false
    }
    guard test.instruction.operation == form.operation,
      Reach.obstacle(test.instruction, codeSize, in: place) == nil
    else {
      return false
    }
    test.length = Int(test.instruction.length)
    for index in test.length..<16 { test.bytes[index] = 0xCC }
    return finish(&test)
  }

  /// Gives the instruction registers and memory with which it makes sense.
  private mutating func finish(_ test: inout TestCase) -> Bool {
    place(&test)
    test.usesExtended = test.instruction.usesExtendedRegisters
    if test.usesExtended { random.fillExtended(&test.extended, test.instruction) }
    // How accesses to many fields are checked for alignment is up to the CPU.
    switch test.instruction.operation {
    case .fldenv, .fnstenv, .frstor, .fnsave, .fxsave, .fxrstor, .enter, .maskmovq, .maskmovdqu:
      test.registers.rflags &= ~RFLAGS.alignmentCheck.rawValue
    default: break
    }
    chooseValues(&test)
    guard chooseAddresses(&test) else { return false }
    if codeSize != .bits64 {
      // The upper halves are not there.
      for number in 0..<8 { test.registers.general[number] &= 0xFFFF_FFFF }
    }
    return true
  }

  /// Moves the instruction to where pages meet, sometimes.
  private mutating func place(_ test: inout TestCase) {
    let length = UInt64(test.length)
    switch random.below(64) {
    case 0...2: test.registers.rip = ArenaLayout.codeSeam - random.below(length + 1)
    case 3: test.registers.rip = ArenaLayout.code + ArenaLayout.codeByteCount - 1 - random.below(length)
    default: break
    }
  }
}
