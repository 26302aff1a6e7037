internal import Host

/// The compressed kernel inside a bzImage (boot.rst, payload_offset and payload_length).
struct LinuxPayload: Sendable {
  /// The bzImage.
  let image: any ImageSource
  /// Where the compressed bytes begin in it.
  let offset: UInt64
  /// How many there are.
  let byteCount: Int
  /// How they are compressed.
  let format: CompressionFormat
  /// What they decompress to, in bytes: the image says so.
  let unpackedByteCount: Int

  /// Why a kernel is left to unpack itself: a sentence.
  struct Obstacle: Error {
    let reason: String
  }

  /// A payload, or why there is none that can be unpacked here.
  enum Finding {
    case payload(LinuxPayload)
    case obstacle(Obstacle)
  }

  /// Looks at the payload of an image with this header.
  ///
  /// - Parameter limit: the most that it may unpack to, in bytes.
  /// - Throws: the failure to read.
  static func find(_ header: LinuxSetupHeader, in image: any ImageSource, limit: UInt64) throws(BootError)
    -> Finding
  {
    func obstacle(_ reason: String) -> Finding { .obstacle(Obstacle(reason: reason)) }
    // The shortest of all has a magic number and the size behind it.
    guard header.payloadByteCount >= 12, header.payloadByteCount <= 1 << 31 else {
      return obstacle("The image has no compressed kernel of a size that could be.")
    }
    // Checked with the header: it lies in the protected-mode code, and that in the file.
    let start = UInt64(header.realModeByteCount) + header.payloadOffset
    guard let format = CompressionFormat(magicOf: try image.bytes(at: start, count: 6)) else {
      return obstacle("The kernel in it is compressed in another way than LZ4, gzip, zstd or xz.")
    }
    let trailer = HeaderBytes(bytes: try image.bytes(at: start + header.payloadByteCount - 4, count: 4))
    let size = UInt64(trailer.u32(0))
    guard size <= limit else {
      return obstacle(
        "The kernel in it says that it has \(size) bytes unpacked, and the guest has \(limit) of memory.")
    }
    // A gzip file has its content's size at its end; to the others Linux's build adds it.
    let own = format == .gzip ? 0 : 4
    return .payload(
      LinuxPayload(
        image: image, offset: start, byteCount: Int(header.payloadByteCount) - own, format: format,
        unpackedByteCount: Int(size)))
  }

  /// Why unpacking failed.
  enum Failure: Error {
    /// Not because of the image: no library, no memory.
    case obstacle(Obstacle)
    /// The image cannot be read, or what is in it is damaged.
    case image(BootError)
  }

  /// Unpacks it.
  func unpack() throws(Failure) -> Mapping {
    let compressed: [UInt8]
    do throws(BootError) {
      compressed = try image.bytes(at: offset, count: byteCount)
    } catch {
      throw .image(error)
    }
    let content: Mapping
    do throws(SystemError) {
      content = try Mapping(
        byteCount: max(unpackedByteCount, 1), source: .anonymous(isReserved: true),
        purpose: "the unpacked kernel")
    } catch {
      throw .obstacle(Obstacle(reason: "The host has no room to unpack it: \(error)."))
    }
    do throws(DecompressionError) {
      // Sound: the mapping has so many bytes, and nobody else knows it yet. All of ours are initialized.
      let buffer = unsafe UnsafeMutableRawBufferPointer(start: content.base, count: unpackedByteCount)
      var target = unsafe buffer.mutableBytes
      let count = try unsafe Decompressor.decompress(format, compressed.span.bytes, into: &target)
      guard count == unpackedByteCount else {
        throw .damaged(format, problem: "they decompress to \(count) bytes, not to \(unpackedByteCount)")
      }
    } catch {
      if case .libraryUnavailable = error {
        throw .obstacle(Obstacle(reason: "It is compressed by \(format), and \(error)."))
      }
      throw .image(
        .malformed(
          image: image.name, offset: offset,
          problem:
            "the kernel in it cannot be unpacked (--kernel-unpack guest would let it try itself): \(error)"))
    }
    return content
  }
}
