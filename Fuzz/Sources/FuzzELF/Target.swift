import FuzzBoot

private let check = BootCheck()

/// ELF files: made of values that are nearly right, or any bytes behind the magic number.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzELF(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  // Sound: these are libFuzzer's own arguments.
  var input = unsafe FuzzInput(data, count)
  let options = input.byte()
  let isShaped = options & 0x80 == 0
  check.run(
    isShaped ? ELFShape(&input).bytes : [0x7F, 0x45, 0x4C, 0x46] + input.remainder(), options: options)
  return 0
}
