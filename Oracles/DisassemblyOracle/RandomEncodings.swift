internal import Glibc
internal import X86

/// Random instructions, assembled as bytes, so that the listing has one at each of its symbols.
struct RandomEncodings {
  private(set) var slots: [[UInt8]] = []
  private var state: UInt64

  /// Bytes from one symbol to the next: more than any instruction, and NOPs at the end.
  private static let slotSize = 32

  init(_ codeSize: CodeSize, count: Int, seed: UInt64) {
    state = seed
    for _ in 0..<count { slots.append(makeSlot(codeSize)) }
  }

  private static let prefixes: Set<UInt8> = [
    0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3,
  ]

  /// SplitMix64.
  private mutating func random(below limit: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((value ^ value >> 31) % UInt64(limit))
  }

  private mutating func byte() -> UInt8 { UInt8(random(below: 256)) }

  private mutating func makeSlot(_ codeSize: CodeSize) -> [UInt8] {
    var bytes: [UInt8] = []
    // One prefix at most: the listing takes several of them for data.
    let chosen: [UInt8] = [0x66, 0x66, 0x67, 0xF2, 0xF3, 0xF3, 0x64, 0x65]
    let kind = random(below: 100)
    if random(below: 2) == 0, kind < 85 { bytes.append(chosen[random(below: chosen.count)]) }
    if codeSize == .bits64, kind < 85, random(below: 3) == 0 {
      // With 66 REX.W has no meaning but to undo it.
      bytes.append(0x40 | UInt8(random(below: bytes.first == 0x66 ? 8 : 16)))
    }
    switch kind {
    case ..<35:
      var opcode = byte()
      while Self.prefixes.contains(opcode) || codeSize == .bits64 && opcode & 0xF0 == 0x40 { opcode = byte() }
      bytes.append(opcode)
    case ..<70: bytes += [0x0F, byte()]
    case ..<85: bytes += [0x0F, random(below: 2) == 0 ? 0x38 : 0x3A, byte()]
    case ..<90: bytes += [0xC5, byte() | (codeSize == .bits64 ? 0 : 0xC0), byte()]
    default:
      let map = UInt8(1 + random(below: 3))
      let registers = codeSize == .bits64 ? UInt8(random(below: 8)) << 5 : 0xE0
      // vvvv all ones half of the time: most instructions need that.
      let low = random(below: 2) == 0 ? byte() : byte() | 0x78
      bytes += [0xC4, registers | map, low, byte()]
    }
    for _ in 0..<13 { bytes.append(byte()) }
    while bytes.count < Self.slotSize { bytes.append(0x90) }
    return bytes
  }

  /// Writes an object file with them to a new temporary folder and returns the folder's path.
  func assemble() throws(OracleError) -> String {
    var source = ".text\n"
    for (number, slot) in slots.enumerated() {
      source += "s\(number): .byte " + slot.map { String($0) }.joined(separator: ",") + "\n"
    }
    var template = Array("/tmp/swiftvm-disassembly.XXXXXX".utf8CString)
    // Sound: the array is ours and ends with a zero.
    guard unsafe mkdtemp(&template) != nil else {
      throw .failed("A temporary folder could not be made in /tmp: error \(errno). Make it writable.")
    }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Sound: the strings live for the time of the calls; the stream is checked and closed once.
    guard let file = unsafe fopen(folder + "/random.s", "w") else {
      throw .failed("\(folder)/random.s could not be written: error \(errno).")
    }
    unsafe fputs(source, file)
    unsafe fclose(file)
    let object = Self.object(in: folder)
    // All sizes in one kind of object: the listing is told the size.
    let status = unsafe system(
      "llvm-mc -triple=x86_64-linux-gnu -filetype=obj \(folder)/random.s -o \(object)")
    guard status == 0 else { throw .failed("llvm-mc could not assemble \(folder)/random.s.") }
    return folder
  }

  /// The object in the folder that `assemble` made.
  static func object(in folder: String) -> String { folder + "/random.o" }

  /// Removes that folder.
  static func remove(_ folder: String) {
    // What cannot be removed stays; the comparison is done.
    // Sound: the strings live for the time of the calls.
    unsafe unlink(folder + "/random.s")
    unsafe unlink(object(in: folder))
    unsafe rmdir(folder)
  }
}
