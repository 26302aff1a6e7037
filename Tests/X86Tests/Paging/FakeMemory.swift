import X86

/// Physical memory for page tables: the bytes that were stored, zero elsewhere, and nothing at or
/// above `end`.
struct FakeMemory {
  var words: [UInt64: UInt32] = [:]
  var end: UInt64 = .max

  func read32(_ address: UInt64) -> UInt32? {
    address < end ? words[address] ?? 0 : nil
  }

  func read64(_ address: UInt64) -> UInt64? {
    guard let low = read32(address), let high = read32(address &+ 4) else { return nil }
    return UInt64(high) << 32 | UInt64(low)
  }

  mutating func store32(_ address: UInt64, _ value: UInt32) { words[address] = value }

  mutating func store64(_ address: UInt64, _ value: UInt64) {
    words[address] = UInt32(truncatingIfNeeded: value)
    words[address + 4] = UInt32(value >> 32)
  }

  mutating func store(_ builder: PageTableBuilder) {
    builder.write { store64($0, $1) }
  }
}

extension PageTableWalker {
  /// Translates with tables in `memory`.
  func translate(
    _ linear: UInt64, for access: MemoryAccess = .inspection, in memory: FakeMemory
  ) throws(TranslationFailure) -> Translation {
    try translate(linear, for: access, read32: memory.read32, read64: memory.read64)
  }

  /// Why the translation fails, or nil where it does not.
  func failure(
    _ linear: UInt64, for access: MemoryAccess, in memory: FakeMemory
  ) -> TranslationFailure? {
    do throws(TranslationFailure) {
      _ = try translate(linear, for: access, in: memory)
      return nil
    } catch { return error }
  }
}

/// A state in long mode with the top table at `root`.
func longState(root: UInt64) -> CPUState {
  .long(entryPoint: 0, pageTableRoot: root, globalDescriptorTable: DescriptorTable())
}

/// A state in protected mode with 32-bit or PAE paging and the top table at `root`.
func protectedState(root: UInt64, _ extensions: CR4 = []) -> CPUState {
  var state = CPUState.flatProtected(entryPoint: 0, globalDescriptorTable: DescriptorTable())
  state.cr0.insert([.paging, .writeProtect])
  state.cr3 = CR3(rawValue: root)
  state.cr4 = extensions
  return state
}
