import Boot
import GuestMemory
import Testing

/// The tables as a guest finds them: by the RSDP's signature, and from table to table.
struct TablesInMemory {
  let memory: GuestMemory
  /// Where the RSDP is.
  let rootPointer: UInt64

  /// Looks through 0xE0000…0xFFFFF, as ACPI 5.2.5.1 says.
  init(_ memory: GuestMemory) throws {
    self.memory = memory
    rootPointer = try #require(try Self.find(Array("RSD PTR ".utf8), from: 0xE_0000, in: memory))
  }

  /// The first multiple of 16 up to 1 MiB at which these bytes stand.
  static func find(_ signature: [UInt8], from start: UInt64, in memory: GuestMemory) throws -> UInt64? {
    try stride(from: start, to: 0x10_0000, by: 16).first {
      try memory.readBytes(at: GuestAddress($0), count: signature.count) == signature
    }
  }

  func u8(_ address: UInt64) throws -> UInt8 { try memory.read(at: GuestAddress(address)) }
  func u16(_ address: UInt64) throws -> UInt16 { try memory.read(at: GuestAddress(address)) }
  func u32(_ address: UInt64) throws -> UInt32 { try memory.read(at: GuestAddress(address)) }
  func u64(_ address: UInt64) throws -> UInt64 { try memory.read(at: GuestAddress(address)) }
  func bytes(_ address: UInt64, _ count: Int) throws -> [UInt8] {
    try memory.readBytes(at: GuestAddress(address), count: count)
  }

  /// The bytes of the table at an address. Its checksum is right.
  func table(at address: UInt64) throws -> [UInt8] {
    let table = try bytes(address, Int(try u32(address + 4)))
    #expect(table.reduce(0, &+) == 0, "\(String(decoding: table.prefix(4), as: UTF8.self))")
    return table
  }

  /// The addresses of the tables that the XSDT lists, by signature.
  func listed() throws -> [String: UInt64] {
    let xsdt = try table(at: u64(rootPointer + 24))
    var found: [String: UInt64] = [:]
    for offset in stride(from: 36, to: xsdt.count, by: 8) {
      let address = try u64(u64(rootPointer + 24) + UInt64(offset))
      found[String(decoding: try bytes(address, 4), as: UTF8.self)] = address
    }
    return found
  }
}
