public import X86

/// What a guest asked of its CPU in vain: what a person looks for when a guest does not come up.
public struct DeniedAccesses: Sendable, Equatable {
  /// A model-specific register that it may not use, or not with the value written.
  public struct Register: Sendable, Equatable {
    /// The register.
    public var register: MSR
    /// How many RDMSR were #GP.
    public var reads: UInt64 = 0
    /// How many WRMSR were #GP.
    public var writes: UInt64 = 0
    /// RIP of the first of them; nil where the engine did not tell.
    public var firstAddress: UInt64?
  }

  /// A leaf that CPUID was asked for and does not have. Only the software engine can tell.
  public struct Leaf: Sendable, Equatable {
    /// EAX before the instruction.
    public var leaf: UInt32
    /// How often it was asked for.
    public var count: UInt64 = 0
  }

  /// The registers, in the order of the first access.
  public private(set) var registers: [Register] = []
  /// The leaves, in the order of the first question.
  public private(set) var leaves: [Leaf] = []
  /// Accesses to registers and questions for leaves that are not listed, because a guest that tries them all
  /// must not fill the host's memory.
  public private(set) var omitted: UInt64 = 0

  /// How many registers are kept, and how many leaves.
  public static let limit = 64

  /// Nothing denied.
  public init() {}

  /// Whether nothing was denied.
  public var isEmpty: Bool { registers.isEmpty && leaves.isEmpty }

  /// Counts an access to a register. `address` is asked for where it is the first.
  public mutating func count(_ register: MSR, isWrite: Bool, address: () -> UInt64?) {
    guard let index = place(of: register) else {
      omitted &+= 1
      return
    }
    let isFirst = registers[index].reads == 0 && registers[index].writes == 0
    if isFirst { registers[index].firstAddress = address() }
    if isWrite { registers[index].writes &+= 1 } else { registers[index].reads &+= 1 }
  }

  /// Counts a question for a leaf. The places where other hypervisors would have their signature, 0x100
  /// leaves apart, count as one, by the first: systems try all 256.
  public mutating func count(leaf: UInt32) {
    let isSignature = leaf & 0xFFFF_00FF == 0x4000_0000 && leaf != 0x4000_0000
    count(leaf: isSignature ? 0x4000_0100 : leaf, by: 1)
  }

  /// Adds what another vCPU was denied.
  public mutating func add(_ other: DeniedAccesses) {
    omitted &+= other.omitted
    for entry in other.registers {
      guard let index = place(of: entry.register) else {
        omitted &+= entry.reads &+ entry.writes
        continue
      }
      registers[index].reads &+= entry.reads
      registers[index].writes &+= entry.writes
      registers[index].firstAddress = registers[index].firstAddress ?? entry.firstAddress
    }
    for entry in other.leaves { count(leaf: entry.leaf, by: entry.count) }
  }

  private mutating func count(leaf: UInt32, by count: UInt64) {
    if let index = leaves.firstIndex(where: { $0.leaf == leaf }) {
      leaves[index].count &+= count
    } else if leaves.count < Self.limit {
      leaves.append(Leaf(leaf: leaf, count: count))
    } else {
      omitted &+= count
    }
  }

  /// Where a register is counted; nil where there is no room.
  private mutating func place(of register: MSR) -> Int? {
    if let index = registers.firstIndex(where: { $0.register == register }) { return index }
    guard registers.count < Self.limit else { return nil }
    registers.append(Register(register: register))
    return registers.count - 1
  }
}

extension DeniedAccesses {
  /// One line for each register and leaf.
  public var lines: [String] {
    var lines = registers.map { entry in
      var counts: [String] = []
      if entry.reads > 0 { counts.append("\(entry.reads) × RDMSR") }
      if entry.writes > 0 { counts.append("\(entry.writes) × WRMSR") }
      let place = entry.firstAddress.map { ", first at 0x\(String($0, radix: 16))" } ?? ""
      return "msr   denied   \(entry.register): \(counts.joined(separator: ", "))\(place)"
    }
    lines += leaves.map { entry in
      let name = "leaf 0x\(String(entry.leaf, radix: 16))"
      return "cpuid absent   \(name)\(entry.leaf == 0x4000_0100 ? " and the like" : ""): \(entry.count) ×"
    }
    if omitted > 0 { lines.append("…     and \(omitted) others") }
    return lines
  }
}
