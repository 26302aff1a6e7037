import CLinux
import Host
import KVM
import Testing

/// Whether this machine has a KVM device that the tests may use.
enum KVMAvailability {
  static let isUsable: Bool = {
    do throws(KVMError) {
      let device = try KVMDevice()
      _ = try device.createMachine()
      return true
    } catch {
      return false
    }
  }()

  /// Why tests are skipped where it has none.
  static let reason: Comment = "/dev/kvm is missing or may not be used"
}

/// A machine with one vCPU in real mode, 64 KiB of memory at 0, and a few bytes of code at 0x1000.
@safe
struct TinyGuest: ~Copyable {
  static let entry: UInt64 = 0x1000
  static let byteCount = 0x10000

  let device: KVMDevice
  let machine: KVMMachine
  let memory: Mapping
  let processor: KVMProcessor

  /// - Parameters:
  ///   - prepare: called with the machine before the vCPU exists.
  init(
    _ code: [UInt8] = [0xF4], flags: KVMMemoryFlags = [],
    prepare: (borrowing KVMMachine) throws -> Void = { _ in }
  ) throws {
    let device = try KVMDevice()
    let machine = try device.createMachine()
    let memory = try Mapping(
      byteCount: Self.byteCount, source: .anonymous(isReserved: false), purpose: "the test's guest")
    // Sound: the mapping outlives the machine's use of it, as both are members.
    try unsafe machine.setUserMemoryRegion(
      slot: 0, flags: flags, guestPhysicalAddress: 0, byteCount: UInt64(Self.byteCount),
      hostMemory: memory.base)
    try prepare(machine)
    let processor = try machine.createProcessor(id: 0, runAreaByteCount: device.runAreaByteCount())

    var special = try processor.specialRegisters()
    special.cs.base = 0
    special.cs.selector = 0
    try processor.setSpecialRegisters(special)
    var registers = KVMRegisters()
    registers.rip = Self.entry
    registers.rsp = 0x8000
    registers.rflags = 2
    try processor.setRegisters(registers)

    self.device = device
    self.machine = machine
    self.memory = memory
    self.processor = processor
    write(code, at: Int(Self.entry))
  }

  /// Puts bytes into the guest's memory.
  func write(_ bytes: [UInt8], at address: Int) {
    precondition(address >= 0 && address + bytes.count <= Self.byteCount)
    // Sound: the range was just checked.
    for (index, byte) in bytes.enumerated() {
      unsafe memory.base.storeBytes(of: byte, toByteOffset: address + index, as: UInt8.self)
    }
  }

  /// The byte at an address of the guest's memory.
  func byte(at address: Int) -> UInt8 {
    precondition(address >= 0 && address < Self.byteCount)
    // Sound: the address was just checked.
    return unsafe memory.base.load(fromByteOffset: address, as: UInt8.self)
  }

  /// Points an interrupt vector of real mode to 0:`handler`, and puts `code` there.
  func setHandler(vector: Int, at handler: Int, _ code: [UInt8]) {
    write([UInt8(handler & 0xFF), UInt8(handler >> 8), 0, 0], at: 4 * vector)
    write(code, at: handler)
  }

  /// Runs until the vCPU leaves the guest; again where one of the process's other signals came between.
  func run() throws -> KVMExitReason {
    var result = processor.run()
    while result == -EINTR { result = processor.run() }
    guard result == 0 else { throw processor.error(of: result) }
    // Sound: the run area lives as long as `processor`.
    return KVMExitReason(rawValue: unsafe processor.runArea.pointee.exit_reason)
  }

  /// Runs until an exit that must be a port write, and returns what was written.
  func runToOutput() throws -> Output {
    let reason = try run()
    try #require(reason == .io)
    return output
  }

  /// The port write that the vCPU left for.
  var output: Output {
    // Sound: the kernel keeps the data inside the run area, and the exit's reason is port I/O.
    unsafe Output(processor.runArea)
  }

  /// A write to a port.
  struct Output: Equatable {
    var port: UInt16
    var width: Int
    var bytes: [UInt8]

    init(port: UInt16, width: Int, bytes: [UInt8]) {
      self.port = port
      self.width = width
      self.bytes = bytes
    }

    @unsafe
    init(_ area: UnsafeMutablePointer<KVMRunArea>) {
      let io = unsafe area.pointee.io
      let start = unsafe UnsafeRawPointer(area) + Int(io.data_offset)
      port = io.port
      width = Int(io.size)
      bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(io.size) * Int(io.count)))
    }
  }
}

/// The bytes of a value, to compare structures that are not Equatable.
func bytes<Value>(of value: Value) -> [UInt8] {
  // Sound: the bytes are copied during the call.
  unsafe withUnsafeBytes(of: value) { unsafe [UInt8]($0) }
}
