/// One timer's place in the heap. Guarded by the lock of its event loop.
final class TimerCore: @unchecked Sendable {
  // @unchecked: `handler` never changes; the rest is only touched under the loop's lock.
  let handler: @Sendable () -> Void
  fileprivate(set) var deadline: UInt64 = 0
  /// Breaks ties: of two timers for one moment, the one armed first fires first.
  fileprivate var order: UInt64 = 0
  /// Index in the heap, or nil while unset.
  fileprivate var position: Int?

  init(handler: @escaping @Sendable () -> Void) { self.handler = handler }

  fileprivate func precedes(_ other: TimerCore) -> Bool {
    (deadline, order) < (other.deadline, other.order)
  }
}

/// A binary heap of the timers that are set, the earliest first.
struct TimerHeap {
  private var cores: [TimerCore] = []
  private var nextOrder: UInt64 = 0

  var count: Int { cores.count }

  /// The earliest deadline.
  var first: UInt64? { cores.first?.deadline }

  /// Sets a timer, or moves it to another moment.
  mutating func arm(_ core: TimerCore, at deadline: UInt64) {
    core.deadline = deadline
    core.order = nextOrder
    nextOrder &+= 1
    if let position = core.position {
      restoreOrder(at: position)
    } else {
      cores.append(core)
      core.position = cores.count - 1
      siftUp(cores.count - 1)
    }
  }

  /// Unsets a timer; nothing happens where it was not set.
  mutating func cancel(_ core: TimerCore) {
    guard let position = core.position else { return }
    core.position = nil
    let last = cores.removeLast()
    if position < cores.count {
      place(last, at: position)
      restoreOrder(at: position)
    }
  }

  /// Unsets and returns the earliest timer if its moment has come.
  mutating func popDue(at now: UInt64) -> TimerCore? {
    guard let core = cores.first, core.deadline <= now else { return nil }
    cancel(core)
    return core
  }

  /// Unsets all timers and returns them.
  mutating func removeAll() -> [TimerCore] {
    for core in cores { core.position = nil }
    defer { cores = [] }
    return cores
  }

  private mutating func place(_ core: TimerCore, at index: Int) {
    cores[index] = core
    core.position = index
  }

  private mutating func restoreOrder(at index: Int) {
    siftUp(index)
    siftDown(index)
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard cores[index].precedes(cores[parent]) else { return }
      swap(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var smallest = index
      let left = 2 * index + 1
      if left < cores.count, cores[left].precedes(cores[smallest]) { smallest = left }
      if left + 1 < cores.count, cores[left + 1].precedes(cores[smallest]) { smallest = left + 1 }
      if smallest == index { return }
      swap(index, smallest)
      index = smallest
    }
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    let core = cores[left]
    place(cores[right], at: left)
    place(core, at: right)
  }
}
