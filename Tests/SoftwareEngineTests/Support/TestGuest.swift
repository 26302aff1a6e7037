import Engine
import GuestMemory
import Testing
import X86

@testable import SoftwareEngine

/// One vCPU with a few pages of memory and some code at `codeAddress`, executed by the plain tier.
///
/// In 64-bit mode the pages below 80000h are mapped to themselves, `TestGuest.readOnly` for reading
/// only, and `TestGuest.device` leads to no RAM. The other modes have no paging.
final class TestGuest {
  static let codeAddress: UInt64 = 0x1000
  static let data: UInt64 = 0x4000
  static let stack: UInt64 = 0x9000
  /// A page that cannot be written in 64-bit mode.
  static let readOnly: UInt64 = 0x40000
  /// A page that is not mapped in 64-bit mode.
  static let absent: UInt64 = 0x80000
  /// The first pages again in 64-bit mode, where each has the place of its twin in the translation cache.
  static let twins = UInt64(TranslationTables.entryCount) * 4096
  /// Where a device answers: a page in 64-bit mode, physical D0000000h.
  static let device: UInt64 = 0x90000

  let memory: GuestMemory
  let interpreter: Interpreter
  /// What devices were asked, in order.
  var accesses: [String] = []
  /// What devices answer to reads, one after the other; zero when there are no more.
  var answers: [UInt64] = []

  var core: Core { interpreter.core }

  private init(_ code: [UInt8], _ state: CPUState, tables: PageTableBuilder? = nil) throws {
    let memory = try GuestMemory(regions: [MemoryRegion(base: GuestAddress(0), byteCount: 0x20_0000)])
    self.memory = memory
    if let tables {
      try tables.write { (address, entry) throws(GuestMemoryError) in
        try memory.write(entry, at: GuestAddress(address))
      }
    }
    try memory.write(code, at: GuestAddress(Self.codeAddress))
    let cache = try CodeCache(memoryEnd: 0x20_0000)
    interpreter = Interpreter(
      index: 0, memory: PhysicalMemory(memory), model: ProcessorModel(), codeCache: cache)
    interpreter.load(state)
    core.rsp = Self.stack
  }

  /// In 64-bit mode.
  static func long(_ code: [UInt8]) throws -> TestGuest {
    var tables = try PageTableBuilder(tables: 0x10_0000..<0x11_0000)
    let all: PagePermissions = [.writable, .executable, .user]
    try tables.map(virtual: 0, physical: 0, byteCount: readOnly, permissions: all)
    try tables.map(virtual: readOnly, physical: readOnly, byteCount: 0x1000, permissions: [.executable])
    try tables.map(
      virtual: readOnly + 0x1000, physical: readOnly + 0x1000, byteCount: absent - readOnly - 0x1000,
      permissions: all)
    try tables.map(virtual: twins, physical: 0, byteCount: 0x10000, permissions: all)
    try tables.map(virtual: device, physical: 0xD000_0000, byteCount: 0x1000, permissions: all)
    let state = CPUState.long(
      entryPoint: codeAddress, pageTableRoot: tables.root, globalDescriptorTable: DescriptorTable())
    return try TestGuest(code, state, tables: tables)
  }

  /// In 32-bit protected mode with flat segments.
  static func protected(_ code: [UInt8]) throws -> TestGuest {
    try TestGuest(
      code,
      .flatProtected(entryPoint: UInt32(codeAddress), globalDescriptorTable: DescriptorTable()))
  }

  /// In real mode, all segments at 0.
  static func real(_ code: [UInt8]) throws -> TestGuest {
    try TestGuest(code, .realMode(codeSegment: 0, instructionPointer: UInt16(codeAddress)))
  }

  /// Executes `count` instructions, with devices that answer from `answers`. Stops at an exception.
  ///
  /// - Returns: the exception, if there was one.
  @discardableResult
  func run(_ count: Int = 1) -> GuestException? {
    for _ in 0..<count {
      while !interpreter.tryToExecuteAtRIP() {
        guard case .deviceAccess = interpreter.interruption else {
          interpreter.deviceAccesses.forget()
          guard case .exception(let exception) = interpreter.interruption else { return nil }
          return exception
        }
        answer()
      }
    }
    return nil
  }

  private func answer() {
    switch interpreter.pendingExit {
    case .portIO(let access):
      let isRead = access.direction == .read
      accesses.append("\(isRead ? "in" : "out") \(access.port) \(access.width)x\(access.count)")
      answer(access.data, isRead, width: Int(access.width), count: Int(access.count))
    case .mmio(let access):
      let isRead = access.direction == .read
      accesses.append("\(isRead ? "load" : "store") \(String(access.address, radix: 16)) \(access.width)")
      answer(access.data, isRead, width: Int(access.width), count: 1)
    default: break
    }
    interpreter.pendingExit = nil
  }

  private func answer(_ data: ExitBuffer, _ isRead: Bool, width: Int, count: Int) {
    for index in 0..<count {
      if isRead {
        data.store(answers.isEmpty ? 0 : answers.removeFirst(), at: index * width, width: width)
      } else {
        accesses[accesses.count - 1] += " \(String(data.load(at: index * width, width: width), radix: 16))"
      }
    }
  }

  // MARK: Memory

  func write(_ bytes: [UInt8], at address: UInt64) throws {
    try memory.write(bytes, at: GuestAddress(address))
  }
  func write(_ value: UInt64, at address: UInt64) throws {
    try memory.write(value, at: GuestAddress(address))
  }
  func bytes(at address: UInt64, _ count: Int) throws -> [UInt8] {
    try memory.readBytes(at: GuestAddress(address), count: count)
  }
  func word(at address: UInt64) throws -> UInt64 { try memory.read(UInt64.self, at: GuestAddress(address)) }
}

extension GuestException {
  /// #PF at this address.
  static func pageFault(_ address: UInt64, _ code: UInt32) -> Self {
    GuestException(vector: .pageFault, errorCode: code, payload: address)
  }
  static let protection = GuestException(vector: .generalProtection, errorCode: 0)
}
