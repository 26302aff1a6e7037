/// A way in which a file's content is compressed, found by the content.
public enum CompressionFormat: String, Sendable, CaseIterable, CustomStringConvertible {
  /// LZ4 blocks in the frame that its first versions had, which `lz4 -l` and the Linux kernel use
  /// (lz4_Frame_format.md, "Legacy frame").
  case lz4
  /// Deflate in a gzip member (RFC 1952).
  case gzip
  /// Zstandard (RFC 8878).
  case zstandard
  /// The .xz format (xz-file-format.txt).
  case xz

  /// The format of content that begins with `bytes`; nil where it is none of these. Six bytes are enough.
  public init?(magicOf bytes: [UInt8]) {
    guard let format = Self.allCases.first(where: { bytes.starts(with: $0.magic) }) else { return nil }
    self = format
  }

  /// What content in this format begins with.
  public var magic: [UInt8] {
    switch self {
    case .lz4: [0x02, 0x21, 0x4C, 0x18]
    case .gzip: [0x1F, 0x8B]
    case .zstandard: [0x28, 0xB5, 0x2F, 0xFD]
    case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
    }
  }

  /// The system's library that knows the format, by the name that its interface is bound to.
  public var library: String {
    switch self {
    case .lz4: "liblz4.so.1"
    case .gzip: "libz.so.1"
    case .zstandard: "libzstd.so.1"
    case .xz: "liblzma.so.5"
    }
  }

  /// The format's own name for itself.
  public var description: String {
    switch self {
    case .lz4: "LZ4"
    case .gzip: "gzip"
    case .zstandard: "zstd"
    case .xz: "xz"
    }
  }
}
