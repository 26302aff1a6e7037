/// What CPUID tells a guest: the answers for every leaf, in ascending order.
public struct CPUIDTable: Sendable, Equatable {
  /// The entries, in ascending order of leaf and subleaf, each pair once.
  public private(set) var entries: [CPUIDEntry] = []

  /// A table of these entries. Where one leaf and subleaf comes twice the last one counts.
  public init(_ entries: some Sequence<CPUIDEntry> = []) {
    for entry in entries { set(entry) }
  }

  /// The entry that answers for a leaf and subleaf, or nil where there is none.
  ///
  /// An entry whose subleaf does not count answers for every subleaf.
  public subscript(leaf: UInt32, subleaf: UInt32 = 0) -> CPUIDEntry? {
    position(leaf, subleaf).map { entries[$0] }
  }

  /// Whether the table has a leaf, whatever its subleaves.
  public func has(leaf: UInt32) -> Bool {
    let first = entries.partitioningIndex { $0.leaf >= leaf }
    return first < entries.count && entries[first].leaf == leaf
  }

  /// Adds an entry, or replaces the one for its leaf and subleaf.
  public mutating func set(_ entry: CPUIDEntry) {
    let index = entries.partitioningIndex { ($0.leaf, $0.subleaf) >= (entry.leaf, entry.subleaf) }
    if index < entries.count, entries[index].leaf == entry.leaf, entries[index].subleaf == entry.subleaf {
      entries[index] = entry
    } else {
      entries.insert(entry, at: index)
    }
  }

  /// Removes a leaf with all its subleaves.
  public mutating func remove(leaf: UInt32) {
    entries.removeAll { $0.leaf == leaf }
  }

  /// Removes one subleaf of a leaf.
  public mutating func remove(leaf: UInt32, subleaf: UInt32) {
    entries.removeAll { $0.leaf == leaf && $0.subleaf == subleaf }
  }

  /// Changes the registers of the entry that answers for a leaf and subleaf.
  ///
  /// - Returns: false where there is no such entry; then `change` is not called.
  @discardableResult
  public mutating func update(
    _ leaf: UInt32, _ subleaf: UInt32 = 0, _ change: (inout CPUIDRegisters) -> Void
  ) -> Bool {
    guard let index = position(leaf, subleaf) else { return false }
    change(&entries[index].registers)
    return true
  }

  /// Whether the table reports a feature.
  public func has(_ feature: CPUIDFeature) -> Bool {
    guard let entry = self[feature.leaf, feature.subleaf] else { return false }
    return entry.registers[feature.register] & feature.mask != 0
  }

  /// Reports a feature, or hides it.
  ///
  /// - Returns: false where the table does not have the feature's leaf, and nothing was changed.
  @discardableResult
  public mutating func set(_ feature: CPUIDFeature, to isPresent: Bool) -> Bool {
    update(feature.leaf, feature.subleaf) { registers in
      if isPresent {
        registers[feature.register] |= feature.mask
      } else {
        registers[feature.register] &= ~feature.mask
      }
    }
  }

  /// The features reported, of those that have a name.
  public var features: [CPUIDFeature] { CPUIDFeature.all.filter(has) }

  /// The index of the entry that answers for a leaf and subleaf.
  private func position(_ leaf: UInt32, _ subleaf: UInt32) -> Int? {
    let first = entries.partitioningIndex { $0.leaf >= leaf }
    guard first < entries.count, entries[first].leaf == leaf else { return nil }
    if !entries[first].isSubleafSignificant { return first }
    let index = entries.partitioningIndex { ($0.leaf, $0.subleaf) >= (leaf, subleaf) }
    guard index < entries.count, entries[index].leaf == leaf, entries[index].subleaf == subleaf else {
      return nil
    }
    return index
  }
}

extension Array {
  /// The index of the first element for which `belongs` is true; it must be false for all before it.
  fileprivate func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
