internal import X86

/// Addresses that are not in ModRM: strings, the stack, branches.
extension CaseGenerator {
  mutating func chooseStrings(_ test: inout TestCase) -> Bool {
    let width = UInt64(test.instruction.operandSize)
    let source = dataTarget(width: width, isAligned: false)
    var destination = dataTarget(width: width, isAligned: false)
    // Overlapping strings.
    if random.oneIn(4) { destination = source &+ random.below(9) &- 4 }
    setRegister(6, source &- segmentBase(test), &test)
    setRegister(7, destination, &test)
    fill(source, test, &test)
    if random.oneIn(2) { fill(destination, test, &test) }
    if test.instruction.operation == .scas || test.instruction.operation == .cmps {
      if random.oneIn(2), ArenaLayout.holds(destination, byteCount: 64),
        ArenaLayout.holds(source, byteCount: 64)
      {
        // Equal for a while.
        let value = random.edgeValue()
        test.patch(source, value, value)
        test.patch(destination, value, random.oneIn(2) ? value : random.next())
        if test.instruction.operation == .scas { test.registers.general[0] = value }
      }
    }
    return isSafeRange(source, 0x400) && isSafeRange(destination, 0x400)
  }

  private func isSafeRange(_ address: UInt64, _ reach: UInt64) -> Bool {
    isHarmless(address)
      || (ArenaLayout.holds(address &- reach, byteCount: 0)
        && ArenaLayout.holds(address, byteCount: reach * 4))
  }

  /// Whether nothing of the host can be there: the page at zero, and what is not canonical.
  private func isHarmless(_ address: UInt64) -> Bool {
    address < 0x1_0000 || (address >= 0x7FFF_FFFF_F000 && address < 0xFFFF_8000_0000_0000)
  }

  // MARK: The stack

  mutating func chooseStack(_ test: inout TestCase) -> Bool {
    let instruction = test.instruction
    var target = dataTarget(width: 8, isAligned: false)
    // Room for PUSHA, ENTER's nesting and the like.
    if random.oneIn(2) { target = ArenaLayout.data + 0x800 + random.below(0x1000) & ~7 }
    test.registers.general[4] = target
    if instruction.operation == .leave || instruction.operation == .enter {
      test.registers.general[5] = dataTarget(width: 8, isAligned: false)
      fill(test.registers.general[5], test, &test)
      guard isSafeRange(test.registers.general[5], 0x400) else { return false }
    }
    guard isSafeRange(target, 0x400) else { return false }
    switch instruction.operation {
    case .retNear:
      let destination = landing(test)
      test.patch(target, destination, random.next())
    case .popf:
      // Not TF: the trap would come in code that is not the test's. NT and AC are taken.
      // KVM need not keep NT where an exception follows.
      let excluded: RFLAGS = place == .guest ? [.trap, .nestedTask] : .trap
      test.patch(target, random.next() & ~excluded.rawValue, random.next())
      return ArenaLayout.holds(target, byteCount: 64) && ArenaLayout.data <= target
        && target + 8 <= ArenaLayout.readOnly
    default: fill(target, test, &test)
    }
    return true
  }

  // MARK: Branches

  mutating func chooseRelative(_ test: inout TestCase) -> Bool {
    let next = test.registers.rip &+ UInt64(test.length)
    guard case .relative = test.instruction.operands[0] else { return false }
    let immediateByteCount = test.length - Int(test.instruction.opcodeOffset) - 1
    var distance: UInt64
    switch immediateByteCount {
    case 1: distance = UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: random.next())))
    default: distance = landing(test) &- next
    }
    // A landing place that a displacement of four bytes does not reach.
    if immediateByteCount > 1 { distance = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: distance))) }
    let target = next &+ distance
    guard !hits(target, test) || target == next else { return false }
    for index in 0..<immediateByteCount {
      test.bytes[test.length - immediateByteCount + index] = UInt8(
        truncatingIfNeeded: distance >> UInt64(8 * index))
    }
    guard isHarmless(target) || ArenaLayout.holds(target, byteCount: 16) else { return false }
    return decodeAgain(&test)
  }

  mutating func chooseIndirectTarget(_ test: inout TestCase) -> Bool {
    let destination = landing(test)
    switch test.instruction.operands[0] {
    case .general(let number, _):
      test.registers.general[Int(number & 15)] = destination
      // CALL through the stack pointer leaves the stack where the code is.
      return isSafe(test)
    case .memory:
      let address = effectiveAddress(test)
      test.patch(address, destination, random.next())
      return isSafe(test) && (!ArenaLayout.holds(address, byteCount: 8) || isTargetWritten(address))
    default: return false
    }
  }

  /// Whether all of an address at `address` comes from a patch, or cannot be read.
  private func isTargetWritten(_ address: UInt64) -> Bool {
    address >= ArenaLayout.data && address + 8 <= ArenaLayout.readOnly
  }

  // MARK: Safety

  /// The linear address of the memory operand as the decoder sees it.
  func effectiveAddress(_ test: TestCase) -> UInt64 {
    let memory = test.instruction.memory
    var address = UInt64(bitPattern: memory.displacement)
    if memory.base < 16 { address &+= test.registers.general[Int(memory.base)] }
    if memory.base == MemoryOperand.instructionPointer {
      address &+= test.registers.rip &+ UInt64(test.length)
    }
    if memory.index < 16 { address &+= test.registers.general[Int(memory.index)] &* UInt64(memory.scale) }
    switch test.instruction.addressSize {
    case 2: address &= 0xFFFF
    case 4: address &= 0xFFFF_FFFF
    default: break
    }
    return address &+ segmentBase(test)
  }

  /// Whether the memory operand and the stack are where nobody else's memory is.
  func isSafe(_ test: TestCase) -> Bool {
    let instruction = test.instruction
    // Not in the code pages either: what follows the instruction there is not the same everywhere.
    let stack = test.registers.general[4]
    if instruction.usesStack,
      !isSafeRange(stack, 0x200) || (stack > ArenaLayout.code - 0x400 && stack < ArenaLayout.data - 0x400)
    {
      return false
    }
    guard instruction.hasMemory, instruction.operation != .lea else { return true }
    switch instruction.operation {
    case .bt, .bts, .btr, .btc: return true  // `chooseOperand` has looked
    case .nop, .prefetch, .prefetcht0, .prefetcht1, .prefetcht2, .prefetchnta, .prefetchw: return true
    default: break
    }
    let address = effectiveAddress(test)
    return isHarmless(address) || ArenaLayout.holds(address, byteCount: 1024)
  }

  func isSafeXlat(_ test: TestCase) -> Bool {
    var address = test.registers.general[3] &+ test.registers.general[0] & 0xFF
    if test.instruction.addressSize == 4 { address &= 0xFFFF_FFFF }
    if test.instruction.addressSize == 2 { address &= 0xFFFF }
    address &+= segmentBase(test)
    return isHarmless(address) || ArenaLayout.holds(address, byteCount: 1)
  }
}

extension Instruction {
  /// Whether it uses the stack without saying so in an operand.
  var usesStack: Bool {
    switch operation {
    case .push, .pop, .pusha, .popa, .pushf, .popf, .callNear, .retNear, .enter, .leave: true
    default: false
    }
  }
}
