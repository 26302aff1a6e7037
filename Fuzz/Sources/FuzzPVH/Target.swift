import FuzzBoot

private let check = BootCheck()

/// ELF files with a PT_NOTE segment: notes of sizes that are nearly right, Xen's among them, or any
/// bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPVH(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  // Sound: these are libFuzzer's own arguments.
  var input = unsafe FuzzInput(data, count)
  let options = input.byte()
  var notes: [UInt8] = []
  for _ in 0..<(input.byte() & 7) {
    let kind = input.byte()
    let name = kind & 1 == 0 ? Array("Xen\0".utf8) : [UInt8](repeating: 0x41, count: Int(input.byte() & 15))
    // An entry point near something mostly, in 4 or 8 bytes; else as many bytes as may be.
    var content: [UInt8] = []
    if kind & 2 == 0 {
      content.append(littleEndian: input.magnitude())
      content.removeLast(kind & 4 == 0 ? 4 : 0)
    } else {
      content = (0..<Int(kind >> 2 & 15)).map { _ in input.byte() }
    }
    notes.append(littleEndian: kind & 0x20 == 0 ? UInt32(name.count) : input.integer())
    notes.append(littleEndian: kind & 0x40 == 0 ? UInt32(content.count) : input.integer())
    notes.append(littleEndian: kind & 0x80 == 0 ? 18 as UInt32 : input.integer())
    notes += name
    while notes.count % 4 != 0 { notes.append(0) }
    notes += content
    while notes.count % 4 != 0 { notes.append(0) }
  }
  if options & 0x80 != 0 { notes = (0..<Int(input.byte())).map { _ in input.byte() } }
  check.run(ELFShape(&input, notes: notes).bytes, options: options)
  return 0
}
