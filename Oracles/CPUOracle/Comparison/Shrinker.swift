internal import X86

extension Oracle {
  /// Makes a failing case simpler for as long as it goes on failing in the same way: registers become
  /// zero or one, flags clear, memory is left as the background.
  func shrink(_ original: TestCase, failingWith difference: Difference) -> TestCase {
    let wanted = difference.subtracting(.tolerated)
    var best = original
    func attempt(_ change: (inout TestCase) -> Void) {
      var candidate = best
      change(&candidate)
      if check(candidate).subtracting(.tolerated) == wanted { best = candidate }
    }
    for _ in 0..<2 {
      for number in 0..<16 where !usedForAddress(number, best) {
        for value in [UInt64(0), 1, 0x80] where best.registers.general[number] > value {
          attempt { $0.registers.general[number] = value }
        }
        attempt { $0.registers.general[number] &= 0xFFFF_FFFF }
        attempt { $0.registers.general[number] &= 0xFF }
      }
      for bit in [UInt64(0), 2, 4, 6, 7, 10, 11, 18] { attempt { $0.registers.rflags &= ~(1 << bit) } }
      for index in 0..<best.patchCount {
        attempt { $0.patches[index].low = 0 }
        attempt { $0.patches[index].high = 0 }
      }
      if best.usesExtended {
        for word in 4..<52 { attempt { $0.extended.words[word] = 0 } }
        attempt { $0.extended.words[0] = 0x037F }
        attempt { $0.extended.words[3] = 0x0000_FFFF_0000_1F80 }
      }
    }
    _ = check(best)
    return best
  }

  /// Changing a register that is part of an address could lead to memory that is not ours.
  private func usedForAddress(_ number: Int, _ test: TestCase) -> Bool {
    let memory = test.instruction.memory
    if test.instruction.hasMemory, Int(memory.base) == number || Int(memory.index) == number { return true }
    switch test.instruction.operation {
    case .bt, .bts, .btr, .btc, .jmpNear, .callNear, .retNear: return true
    default: break
    }
    switch number {
    case 4, 5: return test.instruction.usesStack
    case 6, 7, 1:
      return test.instruction.operation.isString || test.instruction.operation == .maskmovq
        || test.instruction.operation == .maskmovdqu
    case 0, 3: return test.instruction.operation == .xlat
    default: return false
    }
  }
}
