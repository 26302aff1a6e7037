/// What an operation has to do with the status flags, as far as it matters to those before it.
enum FlagUse {
  /// It may read them; or it may fault or leave, and then they are seen from outside.
  case needsThem
  /// It neither reads nor writes them, and always completes.
  case ignoresThem
  /// It writes all of them, reads none, and always completes.
  case replacesThem
}

extension [PreparedOperation] {
  /// Leaves out the flags of operations whose flags nobody can see: another operation of the block replaces
  /// them before anything could read them, or stop and show them. At the end of a block they count.
  mutating func dropUnseenFlags() {
    var areUnseen = false
    for index in indices.reversed() {
      if areUnseen, let quiet = self[index].quietHandler { self[index].handler = quiet }
      switch self[index].flags {
      case .needsThem: areUnseen = false
      case .ignoresThem: break
      case .replacesThem: areUnseen = true
      }
    }
  }
}
