import KVM
import Testing

/// What is read of an access, beside the C structure that the kernel fills in.
@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct AccessTests {
  @Test(
    arguments: [
      (direction: 0, size: 1, port: 0x60, count: 1), (1, 4, 0xcfc, 1), (1, 2, 0xffff, 3),
      (0, 1, 0, 0xffff_ffff),
    ] as [(direction: UInt8, size: UInt8, port: UInt16, count: UInt32)])
  func portExitHasWhatTheAreaHas(_ access: (direction: UInt8, size: UInt8, port: UInt16, count: UInt32))
    throws
  {
    let guest = try TinyGuest()
    // Sound: the guest keeps the area mapped.
    unsafe guest.processor.runArea.pointee.io.direction = access.direction
    unsafe guest.processor.runArea.pointee.io.size = access.size
    unsafe guest.processor.runArea.pointee.io.port = access.port
    unsafe guest.processor.runArea.pointee.io.count = access.count
    unsafe guest.processor.runArea.pointee.io.data_offset = 0x1234_5678_9abc
    let exit = guest.processor.portExit
    #expect(exit.parts & 0xff == UInt64(access.direction))
    #expect(UInt8(truncatingIfNeeded: exit.parts >> 8) == access.size)
    #expect(UInt16(truncatingIfNeeded: exit.parts >> 16) == access.port)
    #expect(UInt32(truncatingIfNeeded: exit.parts >> 32) == access.count)
    #expect(exit.dataOffset == 0x1234_5678_9abc)
  }

  @Test(arguments: [0, 1, 0x80] as [UInt8])
  func memoryExitHasWhatTheAreaHas(_ isWrite: UInt8) throws {
    let guest = try TinyGuest()
    // Sound: the guest keeps the area mapped.
    unsafe guest.processor.runArea.pointee.mmio.phys_addr = 0xfedc_ba98_7654_3210
    unsafe guest.processor.runArea.pointee.mmio.len = 0x8000_0008
    unsafe guest.processor.runArea.pointee.mmio.is_write = isWrite
    let exit = guest.processor.memoryExit
    #expect(exit.address == 0xfedc_ba98_7654_3210)
    #expect(exit.length == 0x8000_0008)
    #expect(exit.isWrite == (isWrite != 0))
  }

  /// `out 0x80, al` and `mov [0xb8000], al` with DS 0xb800, as the kernel reports them.
  @Test func theKernelsOwnExitsReadTheSame() throws {
    let guest = try TinyGuest([
      0xb0, 0x5a, 0xe6, 0x80,  // mov al, 0x5a; out 0x80, al
      0xb8, 0x00, 0xb8, 0x8e, 0xd8, 0xa2, 0x00, 0x00,  // mov ax, 0xb800; mov ds, ax; mov [0], al
    ])
    #expect(try guest.run() == .io)
    #expect(guest.processor.exitReason == .io)
    #expect(guest.processor.portExit.parts == 1 << 32 | 0x80 << 16 | 1 << 8 | 1)
    #expect(try guest.run() == .mmio)
    let exit = guest.processor.memoryExit
    #expect(exit.address == 0xb8000 && exit.length == 1 && exit.isWrite)
  }
}
