import CLinux
@testable import KVM
import Testing

/// The loops around ioctls with lists, with the kernel played by a closure.
@Suite struct KVMListsTests {
  @Test func aCPUIDListGrowsUntilItHasRoom() throws {
    var rooms: [UInt32] = []
    // Sound: the closure stays within the room it is told of.
    let entries = try unsafe CPUIDList.read("KVM_GET_SUPPORTED_CPUID", on: "x") { list in
      unsafe rooms.append(list.pointee.nent)
      guard unsafe list.pointee.nent >= 500 else { return -E2BIG }
      unsafe list.pointee.nent = 300
      return 0
    }
    #expect(entries.count == 300)
    #expect(rooms == [128, 256, 512])
  }

  @Test func aCPUIDListDoesNotGrowForever() {
    var calls = 0
    #expect(throws: KVMError("KVM_GET_SUPPORTED_CPUID", on: "x", errno: E2BIG)) {
      // Sound: the closure does not touch the list.
      _ = try unsafe CPUIDList.read("KVM_GET_SUPPORTED_CPUID", on: "x") { _ in
        calls += 1
        return -E2BIG
      }
    }
    #expect(calls < 20)
  }

  @Test func aRegisterListTakesTheCountThatItIsTold() throws {
    var rooms: [UInt32] = []
    // Sound: the closure stays within the room it is told of.
    let indices = try unsafe MSRIndexList.read("KVM_GET_MSR_INDEX_LIST", on: "x") { list in
      unsafe rooms.append(list.pointee.nmsrs)
      let hasRoom = unsafe list.pointee.nmsrs >= 700
      unsafe list.pointee.nmsrs = 700
      return hasRoom ? 0 : -E2BIG
    }
    #expect(indices.count == 700)
    #expect(rooms == [256, 700])
  }

  @Test func aCountBeyondTheRoomIsNotBelieved() throws {
    // Sound: the closure stays within the room it is told of.
    let indices = try unsafe MSRIndexList.read("KVM_GET_MSR_INDEX_LIST", on: "x") { list in
      unsafe list.pointee.nmsrs = .max
      return 0
    }
    #expect(indices.count == 256)
  }

  @Test func refusedRegistersDoNotStopTheRest() throws {
    let refused: Set<UInt32> = [0, 254, 255, 256, 511, 999]
    // Sound: the closure stays within the count it is told of; the entries follow a header of 8 bytes.
    let values = try unsafe MSRList.read(Array(0..<1000), on: "x") { list in
      let count = unsafe Int(list.pointee.nmsrs)
      #expect(count <= 255)
      let entries = unsafe (UnsafeMutableRawPointer(list) + 8).assumingMemoryBound(to: KVMMSREntry.self)
      // As the kernel does: a value for each register, until one is refused.
      for index in 0..<count {
        if refused.contains(unsafe entries[index].index) { return Int32(index) }
        unsafe entries[index].data = UInt64(entries[index].index) * 3
      }
      return Int32(count)
    }
    #expect(values.refused == refused.sorted())
    #expect(values.entries.map { $0.index } == (0..<1000).filter { !refused.contains($0) })
    #expect(values.entries.allSatisfy { $0.data == UInt64($0.index) * 3 })
  }

  @Test func anEmptyListAsksNobody() throws {
    // Sound: the closure does not touch the list.
    let values = try unsafe MSRList.read([], on: "x") { _ in
      Issue.record("the kernel was asked")
      return 0
    }
    #expect(values.entries.isEmpty && values.refused.isEmpty)
  }
}
