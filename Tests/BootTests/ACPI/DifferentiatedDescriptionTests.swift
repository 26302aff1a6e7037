import Boot
import Foundation
import GuestMemory
import Testing

/// The DSDT, against ACPICA's compiler and disassembler.
struct DifferentiatedDescriptionTests {
  private static let compiler: String? = ["/usr/bin/iasl", "/usr/local/bin/iasl"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private func table(_ platform: PlatformDescription) throws -> [UInt8] {
    var wanted = request([0xF4])
    wanted.platform = platform
    let tables = try TablesInMemory(place(BootPlan(wanted)))
    let fadt = try #require(try tables.listed()["FACP"])
    return try tables.table(at: tables.u64(fadt + 140))
  }

  @Test func itIsWhatACompilerMakesOfTheSource() throws {
    let table = try table(ReferenceTable.platform)
    #expect(table.prefix(4).elementsEqual("DSDT".utf8))
    // Revision 2: integers of 64 bits.
    #expect(table[8] == 2)
    #expect(Array(table.dropFirst(36)) == ReferenceTable.definitionBlock)
  }

  /// Lengths of one, two and three bytes are read back as they were meant: every object ends where the
  /// one around it says.
  @Test(arguments: [1, 2, 3, 127, 128, 129, 255] as [UInt8])
  func everyLengthIsRight(count: UInt8) throws {
    var platform = ReferenceTable.platform
    platform.processorCount = count
    platform.serialPorts = (0..<12).map { .init(firstPort: 0x100 + $0 * 8, interrupt: 4) }
    platform.otherPorts = (0..<UInt16(count)).map { .init(0x1000 + $0, count: 1) }
    let table = try table(platform)
    var reader = AMLReader(Array(table.dropFirst(36)))
    try reader.readList(in: "")
    let names = reader.names
    #expect(Set(names).count == names.count)
    for index in 0..<count {
      let digits = String(index, radix: 16, uppercase: true)
      let name = "C" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
      #expect(names.contains("\\_SB_.\(name)._UID"))
    }
    #expect(names.contains("\\_SB_.COM9._CRS") && !names.contains { $0.contains("COM1_") })
    #expect(names.contains("\\_S5_"))
  }

  @Test func whatIsAbsentIsNotNamed() throws {
    var platform = ReferenceTable.platform
    platform.panicPort = nil
    platform.otherPorts = []
    platform.serialPorts = []
    var reader = AMLReader(Array(try table(platform).dropFirst(36)))
    try reader.readList(in: "")
    #expect(!reader.names.contains { $0.contains("PEVT") || $0.contains("SYSR") || $0.contains("COM") })
  }

  @Test(.enabled(if: compiler != nil, "ACPICA's iasl is not installed (package acpica-tools)"))
  func theCompilerAgreesWithItsFormerSelf() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("swiftvm-acpi-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try ReferenceTable.source.write(
      to: folder.appendingPathComponent("ref.asl"), atomically: true, encoding: .utf8)
    try run(["-on", "ref.asl"], in: folder)
    let compiled = try [UInt8](Data(contentsOf: folder.appendingPathComponent("ref.aml")))
    #expect(Array(compiled.dropFirst(36)) == ReferenceTable.definitionBlock)

    // And every table of a big machine is one that it can read, down to the last byte.
    var platform = ReferenceTable.platform
    platform.processorCount = 255
    let dsdt = try table(platform)
    try Data(dsdt).write(to: folder.appendingPathComponent("big.dat"))
    try run(["-d", "big.dat"], in: folder)
    try run(["-on", "-p", "again", "big.dsl"], in: folder)
    let again = try [UInt8](Data(contentsOf: folder.appendingPathComponent("again.aml")))
    #expect(again.dropFirst(36) == dsdt.dropFirst(36))
  }

  private func run(_ arguments: [String], in folder: URL) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.compiler))
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(text)")
  }
}

/// Reads the objects of a definition block, as far as such tables have them (ACPI 20.2).
private struct AMLReader {
  struct Defect: Error {
    let offset: Int
  }
  private let bytes: [UInt8]
  private var offset = 0
  /// Every named object, with the names of what it is in.
  private(set) var names: [String] = []

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Reads objects to `end`, where the last must end.
  mutating func readList(in path: String, to end: Int? = nil) throws {
    let end = end ?? bytes.count
    while offset < end { try readObject(in: path) }
    guard offset == end else { throw Defect(offset: offset) }
  }

  private mutating func byte() throws -> UInt8 {
    guard offset < bytes.count else { throw Defect(offset: offset) }
    offset += 1
    return bytes[offset - 1]
  }

  /// Where the object ends whose length is next.
  private mutating func readEnd() throws -> Int {
    let start = offset
    let first = Int(try byte())
    let following = first >> 6
    guard following > 0 else { return start + first }
    guard first & 0x30 == 0 else { throw Defect(offset: start) }
    var length = first & 0xF
    for index in 0..<following { length |= Int(try byte()) << (4 + 8 * index) }
    return start + length
  }

  private mutating func readName(in path: String) throws -> String {
    var prefix = path
    if bytes[offset] == 0x5C {
      offset += 1
      prefix = "\\"
    }
    var name = ""
    for index in 0..<4 {
      let character = try byte()
      guard
        (0x41...0x5A).contains(character) || character == 0x5F
          || index > 0 && (0x30...0x39).contains(character)
      else { throw Defect(offset: offset) }
      name.append(Character(UnicodeScalar(character)))
    }
    return prefix.isEmpty || prefix == "\\" ? prefix + name : "\(prefix).\(name)"
  }

  private mutating func readObject(in path: String) throws {
    let start = offset
    switch try byte() {
    case 0x10:
      let end = try readEnd()
      try readList(in: readName(in: path), to: end)
    case 0x5B:
      guard try byte() == 0x82 else { throw Defect(offset: start) }
      let end = try readEnd()
      try readList(in: readName(in: path), to: end)
    case 0x08:
      names.append(try readName(in: path))
      try readValue()
    default: throw Defect(offset: start)
    }
  }

  private mutating func readValue() throws {
    let start = offset
    switch try byte() {
    case 0x00, 0x01: break
    case 0x0A: offset += 1
    case 0x0B: offset += 2
    case 0x0C: offset += 4
    case 0x0E: offset += 8
    case 0x0D: while try byte() != 0 {}
    case 0x11:
      let end = try readEnd()
      let size = offset
      try readValue()
      // The size that is told is the size that is there.
      let told = bytes[size + 1..<offset].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard told == end - offset, bytes[end - 2..<end] == [0x79, 0] else { throw Defect(offset: start) }
      offset = end
    case 0x12:
      let end = try readEnd()
      for _ in 0..<(try byte()) { try readValue() }
      guard offset == end else { throw Defect(offset: start) }
    default: throw Defect(offset: start)
    }
  }
}
