import FuzzBoot

private let check = BootCheck()

/// Files with a Multiboot header, whose checksum is right: flat ones, and ELF ones where the input
/// says so.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMultiboot(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  // Sound: these are libFuzzer's own arguments.
  var input = unsafe FuzzInput(data, count)
  let options = input.byte()
  let shape = input.byte()
  var flags = UInt32(shape & 7) | (shape & 8 == 0 ? 1 << 16 : 0)
  // Now and then, flags of any kind.
  if shape & 0xF0 == 0xF0 { flags = input.integer() }
  var header: [UInt8] = []
  header.append(littleEndian: 0x1BAD_B002 as UInt32)
  header.append(littleEndian: flags)
  header.append(littleEndian: 0 &- 0x1BAD_B002 &- flags)
  for _ in 0..<5 { header.append(littleEndian: UInt32(truncatingIfNeeded: input.magnitude())) }

  var file: [UInt8]
  if shape & 0x10 == 0 {
    file = [UInt8](repeating: 0x90, count: Int(input.byte())) + header + input.remainder()
  } else {
    file = ELFShape(&input).bytes
    while file.count % 4 != 0 { file.append(0) }
    file += header
  }
  // The header alone is 32 bytes; what follows lets it claim more than there is, or less.
  file += [UInt8](repeating: 0xCC, count: shape & 0x20 == 0 ? 64 : 0)
  check.run(file, options: options & 0x7F)
  return 0
}
