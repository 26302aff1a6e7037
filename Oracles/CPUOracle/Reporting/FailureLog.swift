internal import X86

/// The failures of a run, by form; of each the first case is kept.
struct FailureLog {
  struct Entry {
    var count = 0
    var text = ""
  }

  private(set) var entries: [Int: Entry] = [:]
  private(set) var count = 0

  /// Notes a failure; `text` is asked for the first of a form only.
  mutating func add(form: Int, _ text: () -> String) {
    count += 1
    if entries[form] == nil { entries[form] = Entry(count: 0, text: text()) }
    entries[form]!.count += 1
  }
}
