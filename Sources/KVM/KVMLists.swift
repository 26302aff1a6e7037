internal import CKVM

/// Lists of CPUID entries of unknown length, as ioctls fill them.
enum CPUIDList {
  /// More entries than any kernel has (KVM_MAX_CPUID_ENTRIES is 256).
  private static let bound = 4096

  /// Reads a list, with more room each time the kernel says that there is too little (E2BIG).
  static func read(
    _ operation: StaticString, on object: @autoclosure () -> String,
    _ body: (UnsafeMutablePointer<kvm_cpuid2>) -> Int32
  ) throws(KVMError) -> [KVMCPUIDEntry] {
    // Enough for the hosts of today; the kernel does not say how many it wants.
    var capacity = 128
    while true {
      // Sound: the function returns the address of the list's own array.
      let list = unsafe TrailingArray<kvm_cpuid2, kvm_cpuid_entry2>(capacity: capacity) {
        unsafe ckvm_cpuid2_entries($0)
      }
      // Sound: `capacity` is the room there is.
      let (result, count) = unsafe list.withHeader { header in
        unsafe header.pointee.nent = UInt32(capacity)
        return unsafe (body(header), Int(header.pointee.nent))
      }
      if result == -E2BIG, capacity < bound {
        capacity *= 2
        continue
      }
      try check(result, operation, on: object())
      return list.prefix(count)
    }
  }
}

/// Lists of register numbers of unknown length, as ioctls fill them.
enum MSRIndexList {
  /// More registers than any kernel lists.
  private static let bound = 65536

  /// Reads a list. Where there is too little room the kernel says how much there must be.
  static func read(
    _ operation: StaticString, on object: @autoclosure () -> String,
    _ body: (UnsafeMutablePointer<kvm_msr_list>) -> Int32
  ) throws(KVMError) -> [UInt32] {
    var capacity = 256
    while true {
      // Sound: the function returns the address of the list's own array.
      let list = unsafe TrailingArray<kvm_msr_list, UInt32>(capacity: capacity) {
        unsafe ckvm_msr_list_indices($0)
      }
      // Sound: `capacity` is the room there is.
      let (result, count) = unsafe list.withHeader { header in
        unsafe header.pointee.nmsrs = UInt32(capacity)
        return unsafe (body(header), Int(header.pointee.nmsrs))
      }
      if result == -E2BIG, count > capacity, count <= bound {
        capacity = count
        continue
      }
      try check(result, operation, on: object())
      return list.prefix(count)
    }
  }
}

/// Lists of registers with values, as KVM_GET_MSRS and KVM_SET_MSRS take them.
///
/// The kernel stops at the first register it refuses and returns how many came before. Each
/// refusal is noted here and the rest is asked for again.
enum MSRList {
  /// The kernel refuses lists of 256 registers or more (MAX_IO_MSRS).
  private static let largestCount = 255

  /// Reads the registers `indices`.
  static func read(
    _ indices: [UInt32], on object: @autoclosure () -> String,
    _ body: (UnsafeMutablePointer<kvm_msrs>) -> Int32
  ) throws(KVMError) -> KVMMSRValues {
    var values = KVMMSRValues()
    let entries = indices.map { kvm_msr_entry(index: $0, reserved: 0, data: 0) }
    // Sound: `body` gets a list that says how many entries it has.
    try unsafe transfer(entries, "KVM_GET_MSRS", on: object(), body) { accepted, refused in
      values.entries += accepted
      if let refused { values.refused.append(refused.index) }
    }
    return values
  }

  /// Writes `entries`, in their order, and returns the numbers of those that were refused.
  static func write(
    _ entries: [KVMMSREntry], on object: @autoclosure () -> String,
    _ body: (UnsafeMutablePointer<kvm_msrs>) -> Int32
  ) throws(KVMError) -> [UInt32] {
    var refusals: [UInt32] = []
    // Sound: `body` gets a list that says how many entries it has.
    try unsafe transfer(entries, "KVM_SET_MSRS", on: object(), body) { _, refused in
      if let refused { refusals.append(refused.index) }
    }
    return refusals
  }

  /// Hands `entries` to `body` piece by piece; tells `report` which were accepted, as they then
  /// are, and which one was refused.
  private static func transfer(
    _ entries: [KVMMSREntry], _ operation: StaticString, on object: @autoclosure () -> String,
    _ body: (UnsafeMutablePointer<kvm_msrs>) -> Int32,
    report: (_ accepted: [KVMMSREntry], _ refused: KVMMSREntry?) -> Void
  ) throws(KVMError) {
    // Sound: the function returns the address of the list's own array.
    let list = unsafe TrailingArray<kvm_msrs, kvm_msr_entry>(capacity: min(entries.count, largestCount)) {
      unsafe ckvm_msrs_entries($0)
    }
    var rest = entries[...]
    while !rest.isEmpty {
      let count = min(rest.count, list.capacity)
      list.fill(from: rest.prefix(count))
      // Sound: the list has at least `count` elements.
      let result = unsafe list.withHeader { header in
        unsafe header.pointee.nmsrs = UInt32(count)
        return unsafe body(header)
      }
      let done = try check(result, operation, on: object())
      let accepted = min(Int(done), count)
      let refused = accepted < count ? rest[rest.startIndex + accepted] : nil
      report(list.prefix(accepted), refused)
      rest = rest.dropFirst(refused == nil ? accepted : accepted + 1)
    }
  }
}
