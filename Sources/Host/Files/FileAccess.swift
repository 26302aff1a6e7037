import CLinux

/// What the system lets this process do with a file.
public enum FileAccess {
  /// Whether it may be opened for reading and writing, as far as that is known without doing it.
  public static func isAllowed(_ path: String) -> Bool { unsafe access(path, R_OK | W_OK) == 0 }
}
