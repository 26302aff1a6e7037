import CLinux

/// A shared library of the system, loaded when it is first needed and kept.
@safe
struct SystemLibrary: ~Copyable {
  /// The name that it was loaded by.
  let name: String
  // Sound: the library is never unloaded, so what dlsym returns stays valid.
  @unsafe private let handle: UnsafeMutableRawPointer

  /// Loads the library, or finds it loaded.
  ///
  /// A program that is linked statically can load a shared library only where the system has the C library
  /// that the program was linked with; with another one it may crash. So there it is tried in a child
  /// process first.
  ///
  /// - Throws: `DecompressionError.libraryUnavailable`.
  init(_ name: String) throws(DecompressionError) {
    self.name = name
    // Sound: the string outlives the calls.
    let isSafe =
      unsafe swiftvm_is_without_dynamic_linker() == 0 || dlopen(name, RTLD_NOW | RTLD_NOLOAD) != nil
      || swiftvm_library_can_be_loaded(name) != 0
    let loaded = isSafe ? unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) : nil
    guard let loaded = unsafe loaded else {
      let reason =
        isSafe
        ? Self.lastError : "this program is linked statically, and a trial in a process of its own failed"
      throw .libraryUnavailable(library: name, reason: reason)
    }
    unsafe handle = loaded
  }

  /// The address of a function.
  ///
  /// - Throws: `DecompressionError.libraryUnavailable` where the library has none of that name.
  @unsafe
  func function(_ symbol: String) throws(DecompressionError) -> UnsafeMutableRawPointer {
    guard let address = unsafe dlsym(handle, symbol) else {
      throw .libraryUnavailable(library: name, reason: Self.lastError)
    }
    return unsafe address
  }

  /// What the dynamic linker says of its last failure on this thread.
  private static var lastError: String {
    // Sound: dlerror returns null or a string that stays until the next call on this thread.
    guard let text = unsafe dlerror() else { return "no reason given" }
    return unsafe String(cString: text)
  }
}
