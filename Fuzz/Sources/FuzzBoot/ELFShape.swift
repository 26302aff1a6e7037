/// An ELF file made from a fuzzing input: its file header is right, so that the program headers are
/// reached, and those are made of values that come near to being right.
public struct ELFShape {
  /// The file.
  public private(set) var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]

  /// Takes a file from `input`. With `notes`, the content of a PT_NOTE segment that is always there.
  public init(_ input: inout FuzzInput, notes: [UInt8]? = nil) {
    let shape = input.byte()
    let is64Bit = shape & 1 == 0
    let count = Int(shape >> 1 & 7) + (notes == nil ? 1 : 2)
    let headerSize = is64Bit ? 64 : 52
    let entrySize = is64Bit ? 56 : 32
    let contentOffset = headerSize + count * entrySize
    // Two segments at most differ in where they begin; what else they are is the input's choice.
    let entry = input.magnitude()

    bytes += [is64Bit ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    bytes.append(littleEndian: UInt16(shape & 0x10 == 0 ? 2 : 3))
    bytes.append(littleEndian: UInt16(is64Bit ? 62 : 3))
    bytes.append(littleEndian: UInt32(1))
    func word(_ value: UInt64) {
      if is64Bit {
        bytes.append(littleEndian: value)
      } else {
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: value))
      }
    }
    word(entry)
    word(UInt64(headerSize))
    word(0)
    bytes.append(littleEndian: UInt32(0))
    for field in [headerSize, entrySize, count, 0, 0, 0] { bytes.append(littleEndian: UInt16(field)) }

    for index in 0..<count {
      let isNotes = notes != nil && index == 0
      let kind = input.byte()
      let type: UInt32 = isNotes ? 4 : kind & 0xC0 != 0xC0 ? 1 : kind & 0x20 == 0 ? 4 : UInt32(kind & 7)
      let offset = isNotes ? UInt64(contentOffset) : kind & 8 == 0 ? UInt64(input.byte()) : input.magnitude()
      let physical = isNotes ? 0 : input.magnitude()
      let virtual = kind & 16 == 0 ? physical : input.magnitude()
      let fileSize =
        isNotes ? UInt64(notes?.count ?? 0) : kind & 32 == 0 ? UInt64(input.byte()) : input.magnitude()
      let memorySize = kind & 8 == 0 ? fileSize : input.magnitude()
      bytes.append(littleEndian: type)
      if is64Bit { bytes.append(littleEndian: UInt32(kind & 7)) }
      for value in [offset, virtual, physical, fileSize, memorySize] { word(value) }
      if !is64Bit { bytes.append(littleEndian: UInt32(kind & 7)) }
      word(kind & 4 == 0 ? 4 : 8)
    }
    bytes += notes ?? []
    bytes += input.remainder()
  }
}
