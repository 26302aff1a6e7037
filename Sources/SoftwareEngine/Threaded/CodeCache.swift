/// The instructions decoded so far, by physical page.
final class CodeCache {
  /// The stubs of what the host's CPU executes.
  let native = NativeCode()

  /// Whether instructions were decoded from the page at `page`.
  func holdsCode(_ page: UInt64) -> Bool { false }

  /// Bytes of RAM were written: what was decoded from them is forgotten.
  func didWrite(_ address: UInt64, byteCount: UInt64) {}
}
