internal import CKVM

extension KVMMachine {
  /// Puts a piece of this process's memory into the guest's, or changes or deletes a slot
  /// (KVM_SET_USER_MEMORY_REGION; section 4.35).
  ///
  /// The memory must stay mapped for as long as the slot exists. A slot of 0 bytes is deleted.
  ///
  /// - Parameters:
  ///   - slot: the slot's number, below `KVMLimits.memorySlotCount`.
  ///   - guestPhysicalAddress: where the guest sees it; a multiple of 4096.
  ///   - byteCount: its length; a multiple of 4096.
  ///   - hostMemory: its first byte here; a multiple of 4096.
  /// - Throws: EEXIST where another slot overlaps, EINVAL for what is not a multiple of 4096, a
  ///   slot's number too large or a forbidden change, ENOMEM.
  @unsafe
  public func setUserMemoryRegion(
    slot: UInt32, flags: KVMMemoryFlags = [], guestPhysicalAddress: UInt64, byteCount: UInt64,
    hostMemory: UnsafeMutableRawPointer?
  ) throws(KVMError) {
    var region = kvm_userspace_memory_region()
    region.slot = slot
    region.flags = flags.rawValue
    region.guest_phys_addr = guestPhysicalAddress
    region.memory_size = byteCount
    region.userspace_addr = UInt64(UInt(bitPattern: hostMemory))
    // Sound: the kernel reads the structure during the call only; the memory it names is the
    // caller's promise.
    try KVM.check(
      unsafe ckvm_set_user_memory_region(descriptor.rawValue, &region), "KVM_SET_USER_MEMORY_REGION",
      on: "memory slot \(slot)")
  }

  /// Which pages of a slot the guest wrote to since the last call (KVM_GET_DIRTY_LOG; section 4.8).
  /// The log starts anew, unless `KVMCapability.manualDirtyLogProtect2` was switched on.
  ///
  /// - Parameter pageCount: the slot's length in pages of 4096 bytes. The kernel writes as many bits
  ///   as the slot has pages and asks nobody: a smaller number here would let it write elsewhere.
  /// - Returns: one bit per page, the first page in bit 0 of the first element.
  /// - Throws: ENOENT where the slot does not exist or does not log.
  @unsafe
  public func dirtyLog(slot: UInt32, pageCount: Int) throws(KVMError) -> [UInt64] {
    var bitmap = [UInt64](repeating: 0, count: Self.wordCount(ofPages: pageCount))
    // Sound: the kernel writes one bit per page of the slot, rounded up to 64, during the call;
    // that the slot is no larger is the caller's promise.
    let result = unsafe bitmap.withUnsafeMutableBytes { bytes in
      var log = unsafe kvm_dirty_log()
      unsafe log.slot = slot
      unsafe log.dirty_bitmap = bytes.baseAddress
      return unsafe ckvm_get_dirty_log(descriptor.rawValue, &log)
    }
    try KVM.check(result, "KVM_GET_DIRTY_LOG", on: "memory slot \(slot)")
    return bitmap
  }

  /// Clears a part of a slot's dirty log and notes writes to these pages from now on
  /// (KVM_CLEAR_DIRTY_LOG; section 4.117).
  ///
  /// - Parameters:
  ///   - firstPage: the page that bit 0 of `bitmap` stands for; a multiple of 64.
  ///   - pageCount: how many pages; a multiple of 64 unless it ends with the slot.
  ///   - bitmap: the pages to clear, one bit each.
  /// - Throws: EINVAL for pages outside the slot, ENOENT for a slot that does not log, ENOTTY where
  ///   the kernel lacks it.
  public func clearDirtyLog(slot: UInt32, firstPage: UInt64, pageCount: UInt32, bitmap: [UInt64])
    throws(KVMError)
  {
    guard bitmap.count >= Self.wordCount(ofPages: Int(pageCount)) else {
      throw KVMError("KVM_CLEAR_DIRTY_LOG", on: "memory slot \(slot)", errno: EINVAL)
    }
    var bitmap = bitmap
    // Sound: the kernel reads one bit per page, rounded up to 64, and the array has that many.
    let result = unsafe bitmap.withUnsafeMutableBytes { bytes in
      var log = unsafe kvm_clear_dirty_log()
      unsafe log.slot = slot
      unsafe log.num_pages = pageCount
      unsafe log.first_page = firstPage
      unsafe log.dirty_bitmap = bytes.baseAddress
      return unsafe ckvm_clear_dirty_log(descriptor.rawValue, &log)
    }
    try KVM.check(result, "KVM_CLEAR_DIRTY_LOG", on: "memory slot \(slot)")
  }

  private static func wordCount(ofPages count: Int) -> Int { (max(count, 0) + 63) / 64 }
}
