internal import CKVM
internal import Host

/// What the kernel counts about a machine or a vCPU, in binary form. It owns the descriptor.
///
/// Section 4.133 of the kernel's Documentation/virt/kvm/api.rst describes the format.
public struct KVMStatistics: ~Copyable, Sendable {
  /// One thing that is counted.
  public struct Descriptor: Sendable, Equatable {
    /// The kernel's name for it: "halt_exits", "blocking".
    public var name: String
    /// How many 64-bit values it has; more than one for histograms.
    public var valueCount: Int
    /// Where the first value is in the file.
    fileprivate var offset: Int
  }

  private let descriptor: OwnedDescriptor
  private let name: String
  /// What is counted, in the kernel's order.
  public let descriptors: [Descriptor]

  /// Opens the statistics of the machine or vCPU behind `owner` and reads what there is.
  init(of owner: Int32, name: String) throws(KVMError) {
    let object = "the statistics of \(name)"
    let descriptor = OwnedDescriptor(
      takingOver: try KVM.check(ckvm_get_stats_fd(owner), "KVM_GET_STATS_FD", on: name))
    let headerSize = MemoryLayout<kvm_stats_header>.size
    let headerBytes = try Self.read(descriptor.rawValue, headerSize, at: 0, object)
    // Sound: exactly as many bytes were read as the structure has, and it is plain integers.
    let header = unsafe headerBytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: kvm_stats_header.self) }
    // The kernel has some dozens, with names of 48 bytes; a header beyond all reason is none.
    guard header.num_desc <= 4096, header.name_size <= 4096 else {
      throw KVMError(
        operation: "pread", object: object, errno: 0, advice: "Their header is not in a known format.")
    }
    let fixedSize = MemoryLayout<kvm_stats_desc>.size
    let stride = fixedSize + Int(header.name_size)
    let block = try Self.read(
      descriptor.rawValue, stride * Int(header.num_desc), at: Int(header.desc_offset), object)
    self.name = name
    descriptors = (0..<Int(header.num_desc)).map { index in
      let start = index * stride
      // Sound: the block holds `num_desc` structures, each followed by its name.
      let entry = unsafe block.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: start, as: kvm_stats_desc.self)
      }
      let text = block[(start + fixedSize)..<(start + stride)].prefix { $0 != 0 }
      return Descriptor(
        name: String(decoding: text, as: UTF8.self), valueCount: Int(entry.size),
        offset: Int(header.data_offset) + Int(entry.offset))
    }
    self.descriptor = descriptor
  }

  /// What the kernel calls `name`, or nil where this kernel does not count it.
  public func descriptor(named name: String) -> Descriptor? { descriptors.first { $0.name == name } }

  /// The present value: the first, where there are several. Takes one system call and no memory.
  ///
  /// - Throws: the failure of pread.
  public func value(of item: Descriptor) throws(KVMError) -> UInt64 {
    var value: UInt64 = 0
    let byteCount = MemoryLayout<UInt64>.size
    // Sound: the kernel writes at most 8 bytes to the number.
    let count = retryingOnInterrupt {
      unsafe ckvm_pread(descriptor.rawValue, &value, UInt(byteCount), item.offset)
    }
    guard count == byteCount else {
      throw Self.error(count: count, byteCount: byteCount, "the statistics of \(name)")
    }
    return value
  }

  /// Reads exactly `byteCount` bytes.
  private static func read(_ file: Int32, _ byteCount: Int, at offset: Int, _ object: String)
    throws(KVMError) -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    // Sound: the kernel writes at most as many bytes as the array has.
    let count = unsafe bytes.withUnsafeMutableBytes { area in
      retryingOnInterrupt { unsafe ckvm_pread(file, area.baseAddress, UInt(area.count), offset) }
    }
    guard count == byteCount else { throw error(count: count, byteCount: byteCount, object) }
    return bytes
  }

  /// The error of a pread that returned `count` instead of `byteCount`.
  private static func error(count: Int, byteCount: Int, _ object: String) -> KVMError {
    guard count >= 0 else { return KVMError("pread", on: object, errno: currentErrno()) }
    return KVMError(
      operation: "pread", object: object, errno: 0,
      advice: "The file ended after \(count) of \(byteCount) bytes.")
  }
}
