/// What CPUID returns for one leaf, or one subleaf of it (SDM Vol. 2A, CPUID).
public struct CPUIDEntry: Sendable, Hashable {
  /// The leaf: EAX before the instruction.
  public var leaf: UInt32
  /// The subleaf: ECX before the instruction.
  public var subleaf: UInt32
  /// The subleaf counts; otherwise the entry answers for any (KVM_CPUID_FLAG_SIGNIFICANT_INDEX).
  public var isSubleafSignificant: Bool
  /// The four registers returned.
  public var registers: CPUIDRegisters

  /// An entry.
  public init(
    leaf: UInt32, subleaf: UInt32 = 0, isSubleafSignificant: Bool = false, registers: CPUIDRegisters
  ) {
    self.leaf = leaf
    self.subleaf = subleaf
    self.isSubleafSignificant = isSubleafSignificant
    self.registers = registers
  }
}

/// The four registers that CPUID returns.
public struct CPUIDRegisters: Sendable, Hashable {
  /// EAX.
  public var eax: UInt32
  /// EBX.
  public var ebx: UInt32
  /// ECX.
  public var ecx: UInt32
  /// EDX.
  public var edx: UInt32

  /// Four values.
  public init(eax: UInt32 = 0, ebx: UInt32 = 0, ecx: UInt32 = 0, edx: UInt32 = 0) {
    self.eax = eax
    self.ebx = ebx
    self.ecx = ecx
    self.edx = edx
  }

  /// The value of one of the registers.
  public subscript(register: CPUIDRegister) -> UInt32 {
    get {
      switch register {
      case .eax: eax
      case .ebx: ebx
      case .ecx: ecx
      case .edx: edx
      }
    }
    set {
      switch register {
      case .eax: eax = newValue
      case .ebx: ebx = newValue
      case .ecx: ecx = newValue
      case .edx: edx = newValue
      }
    }
  }
}

/// A register that CPUID returns.
public enum CPUIDRegister: String, Sendable {
  /// EAX.
  case eax = "EAX"
  /// EBX.
  case ebx = "EBX"
  /// ECX.
  case ecx = "ECX"
  /// EDX.
  case edx = "EDX"
}

extension CPUIDEntry: CustomStringConvertible {
  /// The leaf and its registers on one line.
  public var description: String {
    let place = hex(leaf, digits: 8) + (isSubleafSignificant ? ".\(subleaf)" : "")
    return "\(place): eax \(hex(registers.eax, digits: 8)) ebx \(hex(registers.ebx, digits: 8))"
      + " ecx \(hex(registers.ecx, digits: 8)) edx \(hex(registers.edx, digits: 8))"
  }
}
