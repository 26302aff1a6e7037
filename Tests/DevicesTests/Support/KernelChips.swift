import CLinux
import Host
import KVM
import Testing

/// Whether this machine has a KVM that the tests may use.
enum KernelChipsAvailability {
  static let isUsable: Bool = {
    do throws(KVMError) {
      _ = try KVMDevice().createMachine()
      return true
    } catch {
      return false
    }
  }()

  /// Why tests are skipped where it has none.
  static let reason: Comment =
    "needs the kernel's interrupt controllers to compare with: /dev/kvm cannot be used"
}

/// The kernel's interrupt controllers, worked by a vCPU one instruction at a time: an oracle that we did not
/// write.
///
/// The vCPU is in 32-bit protected mode with flat segments. Each step sets its registers and lets it execute
/// one instruction and the output to port 0xF4 that follows.
@safe
final class KernelChips {
  private static let byteCount = 0x10000
  private static let handlers = 0x4000

  let machine: KVMMachine
  private let memory: Mapping
  private let processor: KVMProcessor

  /// The places of the code snippets.
  private enum Snippet: UInt64 {
    case output = 0x1000
    case input = 0x1010
    case store = 0x1020
    case load = 0x1030
    case takeInterrupt = 0x1040

    var bytes: [UInt8] {
      switch self {
      case .output: [0xEE, 0xE6, 0xF4]  // out dx, al
      case .input: [0xEC, 0xE6, 0xF4]  // in al, dx
      case .store: [0x89, 0x03, 0xE6, 0xF4]  // mov [ebx], eax
      case .load: [0x8B, 0x03, 0xE6, 0xF4]  // mov eax, [ebx]
      case .takeInterrupt: [0x90, 0xE6, 0xF4]  // nop
      }
    }

    static let all: [Snippet] = [.output, .input, .store, .load, .takeInterrupt]
  }

  init() throws {
    let device = try KVMDevice()
    machine = try device.createMachine()
    memory = try Mapping(
      byteCount: Self.byteCount, source: .anonymous(isReserved: false), purpose: "the test's guest")
    // Sound: the mapping outlives the machine's use of it, as both are members.
    try unsafe machine.setUserMemoryRegion(
      slot: 0, flags: [], guestPhysicalAddress: 0, byteCount: UInt64(Self.byteCount), hostMemory: memory.base)
    try machine.createIRQChip()
    try machine.setGSIRouting(
      (0..<16).filter { $0 != 2 }.map {
        .pin(gsi: $0, chip: $0 < 8 ? .masterPIC : .slavePIC, pin: $0 % 8)
      } + (0..<24).filter { $0 != 2 }.map { .pin(gsi: $0, chip: .ioapic, pin: $0 == 0 ? 2 : $0) })
    processor = try machine.createProcessor(id: 0, runAreaByteCount: device.runAreaByteCount())
    try machine.createPIT2(flags: .speakerDummy)
    try processor.setCPUID(device.supportedCPUID())
    for snippet in Snippet.all { write(snippet.bytes, at: Int(snippet.rawValue)) }
    writeTables()
    try enterProtectedMode()
  }

  private func write(_ bytes: [UInt8], at address: Int) {
    precondition(address >= 0 && address + bytes.count <= Self.byteCount)
    // Sound: the range was just checked.
    for (index, byte) in bytes.enumerated() {
      unsafe memory.base.storeBytes(of: byte, toByteOffset: address + index, as: UInt8.self)
    }
  }

  /// Descriptor tables: code and data, and a gate for each vector whose handler says which it is.
  private func writeTables() {
    let flat: [UInt8] = [0xFF, 0xFF, 0, 0, 0, 0x9B, 0xCF, 0]
    var data = flat
    data[5] = 0x93
    write([0, 0, 0, 0, 0, 0, 0, 0] + flat + data, at: 0x800)
    for vector in 0..<256 {
      let handler = Self.handlers + 8 * vector
      write([UInt8(handler & 0xFF), UInt8(handler >> 8), 8, 0, 0, 0x8E, 0, 0], at: 0x2000 + 8 * vector)
      // mov ebx, 0x100 + vector; out 0xf4, al
      write([0xBB, UInt8(vector), 1, 0, 0, 0xE6, 0xF4], at: handler)
    }
  }

  private func enterProtectedMode() throws {
    var special = try processor.specialRegisters()
    special.cr0 |= 1
    special.gdt.base = 0x800
    special.gdt.limit = 23
    special.idt.base = 0x2000
    special.idt.limit = 0x7FF
    var segment = special.cs
    segment.base = 0
    segment.limit = 0xFFFF_FFFF
    segment.selector = 8
    segment.type = 0xB
    segment.present = 1
    segment.s = 1
    segment.db = 1
    segment.g = 1
    special.cs = segment
    segment.selector = 0x10
    segment.type = 3
    (special.ds, special.es, special.ss, special.fs, special.gs) = (
      segment, segment, segment, segment, segment
    )
    try processor.setSpecialRegisters(special)
  }

  private func step(_ snippet: Snippet, _ set: (inout KVMRegisters) -> Void = { _ in }) throws -> KVMRegisters
  {
    var registers = KVMRegisters()
    registers.rip = snippet.rawValue
    registers.rsp = 0x8000
    registers.rflags = 2
    set(&registers)
    try processor.setRegisters(registers)
    var result = processor.run()
    while result == -EINTR { result = processor.run() }
    guard result == 0 else { throw processor.error(of: result) }
    // Sound: the run area lives as long as `processor`.
    let (reason, port) = unsafe (processor.runArea.pointee.exit_reason, processor.runArea.pointee.io.port)
    try #require(reason == KVMExitReason.io.rawValue && port == 0xF4)
    return try processor.registers()
  }

  func output(_ value: UInt8, port: UInt16) throws {
    _ = try step(.output) { registers in
      registers.rax = UInt64(value)
      registers.rdx = UInt64(port)
    }
  }

  func input(port: UInt16) throws -> UInt8 {
    UInt8(truncatingIfNeeded: try step(.input) { $0.rdx = UInt64(port) }.rax)
  }

  func store(_ value: UInt32, at address: UInt64) throws {
    _ = try step(.store) { registers in
      registers.rax = UInt64(value)
      registers.rbx = address
    }
  }

  func load(at address: UInt64) throws -> UInt32 {
    UInt32(truncatingIfNeeded: try step(.load) { $0.rbx = address }.rax)
  }

  /// Lets the vCPU take an interrupt: its vector.
  func takeInterrupt() throws -> UInt8? {
    // With interrupts on from the start: then it is taken before the first instruction.
    let registers = try step(.takeInterrupt) { $0.rflags |= 1 << 9 }
    return registers.rbx >> 8 == 1 ? UInt8(truncatingIfNeeded: registers.rbx) : nil
  }

  func setLine(_ line: UInt32, level: Bool) throws { try machine.setLine(irq: line, level: level) }

  func pic(_ chip: KVMIRQChip) throws -> KVMPICState {
    // Sound: the members of the union are plain integers, and this is a PIC.
    unsafe try machine.irqChip(chip).chip.pic
  }

  func ioapic() throws -> KVMIOAPICState {
    // Sound: the members of the union are plain integers, and this is the I/O APIC.
    unsafe try machine.irqChip(.ioapic).chip.ioapic
  }
}
