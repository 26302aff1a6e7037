/// A C structure that ends in a flexible array, with one owner that frees it.
///
/// Swift imports such a structure without its array; the array's address comes from a C function.
@safe
struct TrailingArray<Header, Element>: ~Copyable {
  /// The structure.
  @unsafe private let header: UnsafeMutablePointer<Header>
  /// The first element of its array.
  @unsafe private let first: UnsafeMutablePointer<Element>
  /// How many elements there is room for.
  let capacity: Int

  /// Allocates the structure and `capacity` elements, all zero.
  ///
  /// - Parameter elements: returns the address of the array in the structure.
  init(
    capacity: Int,
    elements: (UnsafeMutablePointer<Header>) -> UnsafeMutablePointer<Element>
  ) {
    // A C structure's size is a multiple of its alignment, so the array starts at or before
    // `stride` and the allocation is never too small.
    let byteCount = MemoryLayout<Header>.stride + capacity * MemoryLayout<Element>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
    // Sound: the memory was just allocated with this size, and all of these C types are plain
    // integers for which zero bytes are a value.
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    unsafe header = memory.assumingMemoryBound(to: Header.self)
    unsafe first = elements(header)
    self.capacity = capacity
  }

  deinit { unsafe UnsafeMutableRawPointer(header).deallocate() }

  /// Passes the structure to `body` and returns what it returns.
  func withHeader<Result>(_ body: (UnsafeMutablePointer<Header>) -> Result) -> Result {
    // Sound: `self` is borrowed, so its memory lives, until `body` returns.
    unsafe body(header)
  }

  /// Copies `elements` to the start of the array; those beyond its capacity are left out.
  func fill(from elements: some Collection<Element>) {
    // Sound: zip ends at the capacity.
    for (index, element) in zip(0..<capacity, elements) { unsafe first[index] = element }
  }

  /// A copy of the first `count` elements, or of all of them where there are fewer.
  func prefix(_ count: Int) -> [Element] {
    // Sound: the count is within the capacity, and every element was initialized to zero.
    unsafe Array(UnsafeBufferPointer(start: first, count: min(max(count, 0), capacity)))
  }
}
