import CLinux
import Host

/// The text of a small file; nil where it cannot be read.
func textFile(_ path: String) -> String? {
  guard let file = try? OwnedDescriptor.open(path, flags: O_RDONLY) else { return nil }
  var text: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while true {
    // Sound: read writes at most as many bytes as the array has.
    let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(file.rawValue, $0.baseAddress, $0.count) }
    guard count > 0 else { break }
    text += chunk.prefix(count)
  }
  return String(decoding: text, as: UTF8.self)
}
