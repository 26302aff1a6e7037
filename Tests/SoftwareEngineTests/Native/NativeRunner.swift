import Testing
import X86

@testable import SoftwareEngine

/// Runs one instruction on the CPU this test runs on, as a program would: the oracle.
@safe
final class NativeRunner {
  /// General registers, then RFLAGS, then (at `image`) the FXSAVE64 image.
  private let context: UnsafeMutableRawPointer
  private let code: ExecutableMemory
  /// Two pages for operands.
  let operands: UnsafeMutableRawPointer
  static let operandByteCount = 8192
  private static let flags = 128
  private static let image = 256

  init() throws {
    unsafe context = .allocate(byteCount: 1024, alignment: 64)
    unsafe context.initializeMemory(as: UInt8.self, repeating: 0, count: 1024)
    unsafe operands = .allocate(byteCount: Self.operandByteCount, alignment: 4096)
    unsafe operands.initializeMemory(as: UInt8.self, repeating: 0, count: Self.operandByteCount)
    code = try #require(ExecutableMemory(byteCount: 1 << 16))
  }

  deinit {
    unsafe context.deallocate()
    unsafe operands.deallocate()
  }

  /// Executes `bytes` on these registers. RSP is the host's.
  ///
  /// - Returns: the address at which the instruction was.
  func run(_ bytes: [UInt8], _ registers: inout Registers) throws -> UInt64 {
    for number in 0..<16 {
      unsafe context.storeBytes(of: registers.general[number], toByteOffset: number * 8, as: UInt64.self)
    }
    unsafe context.storeBytes(of: registers.flags, toByteOffset: Self.flags, as: UInt64.self)
    for index in 0..<512 {
      unsafe context.storeBytes(of: registers.image[index], toByteOffset: Self.image + index, as: UInt8.self)
    }
    let (stub, offset) = assemble(bytes)
    code.removeAll()
    let entry = try #require(code.append(stub))
    let function = unsafe unsafeBitCast(entry, to: (@convention(c) () -> Void).self)
    function()
    for number in 0..<16 {
      registers.general[number] = unsafe context.load(fromByteOffset: number * 8, as: UInt64.self)
    }
    registers.flags = unsafe context.load(fromByteOffset: Self.flags, as: UInt64.self)
    for index in 0..<512 {
      registers.image[index] = unsafe context.load(fromByteOffset: Self.image + index, as: UInt8.self)
    }
    return UInt64(entry) + UInt64(offset)
  }

  private func assemble(_ bytes: [UInt8]) -> ([UInt8], offset: Int) {
    let address = unsafe UInt64(UInt(bitPattern: context))
    func absolute(_ address: UInt64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: address >> (8 * $0)) }
    }
    func move(_ opcode: UInt8, _ number: Int) -> [UInt8] {
      [0x48 | UInt8(number >> 3) << 2, opcode, 0x80 | UInt8(number & 7) << 3]
        + [UInt8(number * 8), 0, 0, 0]
    }
    let others = (1..<16).filter { $0 != 4 }
    var stub: [UInt8] = [0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57]
    stub += [0x48, 0xB8] + absolute(address)
    stub += [0x48, 0x0F, 0xAE, 0x88, 0, 1, 0, 0]  // fxrstor64 [rax+256]
    stub += [0xFF, 0xB0, 128, 0, 0, 0, 0x9D]  // push [rax+128]; popfq
    for number in others { stub += move(0x8B, number) }
    stub += [0x48, 0xA1] + absolute(address)  // mov rax, [context]
    let offset = stub.count
    stub += bytes
    stub += [0x48, 0xA3] + absolute(address)  // mov [context], rax
    stub += [0x9C, 0x58]  // pushfq; pop rax
    stub += [0x48, 0xA3] + absolute(address + 128)
    stub += [0x48, 0xB8] + absolute(address)
    for number in others { stub += move(0x89, number) }
    stub += [0x48, 0x0F, 0xAE, 0x80, 0, 1, 0, 0]  // fxsave64 [rax+256]
    stub += [0xDB, 0xE3]  // fninit
    stub += [0xC7, 0x44, 0x24, 0xF8, 0x80, 0x1F, 0, 0, 0x0F, 0xAE, 0x54, 0x24, 0xF8]
    stub += [0x41, 0x5F, 0x41, 0x5E, 0x41, 0x5D, 0x41, 0x5C, 0x5D, 0x5B, 0xC3]
    return (stub, offset)
  }
}

/// What an instruction of these families works on.
struct Registers: Equatable {
  var general = [UInt64](repeating: 0, count: 16)
  var flags: UInt64 = 0x202
  /// As FXSAVE64 writes it; 416 bytes count.
  var image = [UInt8](repeating: 0, count: 512)

  func number(at offset: Int, width: Int) -> UInt64 {
    (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(image[offset + $1]) }
  }

  mutating func set(_ value: UInt64, at offset: Int, width: Int) {
    for index in 0..<width { image[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }
}
