import FuzzBoot

private let check = BootCheck()

/// Images with a Linux setup header whose fields are nearly right, or any bytes; entered in every mode,
/// with and without an initial RAM disk; and some with a compressed kernel, which is unpacked here.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLinux(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  // Sound: these are libFuzzer's own arguments.
  var input = unsafe FuzzInput(data, count)
  let options = input.byte()
  if 4...6 ~= options & 7 {
    let file = imageWithPayload(&input)
    check.run(file, options: options)
    return 0
  }
  let shape = input.byte()
  let sectors = shape & 1 == 0 ? input.byte() & 3 : input.byte()
  var file = [UInt8](repeating: 0, count: 0x270)
  func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }
  func address() -> UInt32 { UInt32(truncatingIfNeeded: input.magnitude()) }

  set(sectors, at: 0x1F1)
  set(shape & 2 == 0 ? UInt32(input.byte()) : input.integer(), at: 0x1F4)
  set(0xAA55 as UInt16, at: 0x1FE)
  set(0xEB as UInt8, at: 0x200)
  set(shape & 4 == 0 ? 0x6A as UInt8 : input.byte(), at: 0x201)
  set(0x5372_6448 as UInt32, at: 0x202)
  set(0x0200 | UInt16(shape & 8 == 0 ? 15 : input.byte() & 31), at: 0x206)
  set(shape & 16 == 0 ? 0 : input.integer(UInt16.self), at: 0x20E)
  set(input.byte(), at: 0x211)
  set(address(), at: 0x214)
  set(address(), at: 0x22C)
  set(shape & 32 == 0 ? 1 << UInt32(input.byte() & 31) : input.integer(UInt32.self), at: 0x230)
  set(input.byte(), at: 0x234)
  set(input.byte(), at: 0x236)
  set(shape & 64 == 0 ? 2047 : address(), at: 0x238)
  set(shape & 128 == 0 ? 0 : address(), at: 0x248)
  set(shape & 128 == 0 ? 0 : address(), at: 0x24C)
  set(input.magnitude(), at: 0x258)
  set(address(), at: 0x260)
  file += [UInt8](repeating: 0x90, count: max(0, (Int(sectors == 0 ? 4 : sectors) + 1) * 512 - file.count))
  // Cut off somewhere in the header or the setup, now and then.
  if input.byte() == 0 { file.removeLast(min(file.count - 0x206, Int(input.integer(UInt16.self)))) }
  check.run(file + input.remainder(), options: options)
  return 0
}

/// A bzImage whose payload is an ELF file in an LZ4 frame that is right but for what the input makes wrong, or
/// any bytes behind the magic number of a format.
private func imageWithPayload(_ input: inout FuzzInput) -> [UInt8] {
  let shape = input.byte()
  let magics: [[UInt8]] = [
    [0x02, 0x21, 0x4C, 0x18], [0x1F, 0x8B, 8], [0x28, 0xB5, 0x2F, 0xFD], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0],
  ]
  var payload: [UInt8]
  let size: UInt32
  if shape & 1 == 0 {
    let lie = shape & 2 == 0 ? 0 : input.byte()
    let content = ELFShape(&input).bytes
    payload = magics[0]
    // One block, all of it literals: longer than 15, as the shortest ELF file is.
    let longer = content.count - 15
    let length = [UInt8](repeating: 255, count: longer / 255) + [UInt8(longer % 255)]
    payload.append(littleEndian: UInt32(1 + length.count + content.count))
    payload.append(0xF0)
    payload += length + content
    if lie != 0 { payload[4 + Int(lie) % (payload.count - 4)] ^= lie }
    size = UInt32(content.count) &+ UInt32(shape >> 6)
  } else {
    payload = magics[Int(shape >> 1 & 3)]
    size = UInt32(truncatingIfNeeded: input.magnitude())
    payload += input.remainder()
  }
  payload.append(littleEndian: size)

  var file = [UInt8](repeating: 0, count: 1024)
  func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }
  set(1 as UInt8, at: 0x1F1)
  set(UInt32((0x300 + payload.count + 15) / 16), at: 0x1F4)
  set(0xAA55 as UInt16, at: 0x1FE)
  set(0x6AEB as UInt16, at: 0x200)
  set(0x5372_6448 as UInt32, at: 0x202)
  set(0x020F as UInt16, at: 0x206)
  set(1 as UInt8, at: 0x211)
  set(0x10_0000 as UInt32, at: 0x214)
  set(0x7FFF_FFFF as UInt32, at: 0x22C)
  set(0x1000 as UInt32, at: 0x230)
  set(1 as UInt16, at: 0x236)
  set(2047 as UInt32, at: 0x238)
  set(0x300 as UInt32, at: 0x248)
  set(UInt32(payload.count), at: 0x24C)
  set(UInt32(shape) << 12, at: 0x260)
  return file + [UInt8](repeating: 0x90, count: 0x300) + payload
}
