import CLinux

/// What a path or a descriptor leads to (inode(7)).
enum FileKind: Sendable, Equatable {
  case regular, directory, characterDevice, blockDevice, pipe, socket, other

  init(mode: mode_t) {
    switch Int32(mode) & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .directory
    case S_IFCHR: self = .characterDevice
    case S_IFBLK: self = .blockDevice
    case S_IFIFO: self = .pipe
    case S_IFSOCK: self = .socket
    default: self = .other
    }
  }

  /// `.other` for a descriptor that is not open.
  static func of(descriptor: Int32) -> FileKind {
    var information = stat()
    // Sound: the pointer is valid for the call.
    guard unsafe fstat(descriptor, &information) == 0 else { return .other }
    return FileKind(mode: information.st_mode)
  }
}
