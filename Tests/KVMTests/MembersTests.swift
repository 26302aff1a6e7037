import KVM
import Testing

/// The modules above see the kernel's structures through KVM alone: this file imports no C header.
@Suite struct MembersTests {
  @Test func membersOfTheKernelsStructuresAreReachable() {
    var area = KVMRunArea()
    area.exit_reason = KVMExitReason.io.rawValue
    area.io.port = 0x3F8
    area.io.size = 1
    #expect(KVMExitReason(rawValue: area.exit_reason).description == "KVM_EXIT_IO")
    #expect(area.io.port == 0x3F8)

    var registers = KVMRegisters()
    registers.rax = 1
    var special = KVMSpecialRegisters()
    special.cs.base = registers.rax
    special.gdt.limit = 2
    let entry = KVMCPUIDEntry(
      function: 1, index: 0, flags: KVMCPUIDFlags.significantIndex.rawValue, eax: 0, ebx: 0, ecx: 0, edx: 3,
      padding: (0, 0, 0))
    let msr = KVMMSREntry(index: 0x10, reserved: 0, data: 5)
    var events = KVMProcessorEvents()
    events.interrupt.shadow = KVMInterruptShadow.sti.rawValue
    events.flags = KVMEventFlags([.shadow, .nmiPending]).rawValue
    #expect(special.cs.base == 1 && entry.edx == 3 && msr.data == 5 && events.flags == 5)
  }

  @Test func exitReasonsHaveTheKernelsNames() {
    #expect(KVMExitReason.internalError.description == "KVM_EXIT_INTERNAL_ERROR")
    #expect(KVMExitReason.memoryFault.description == "KVM_EXIT_MEMORY_FAULT")
    #expect(KVMExitReason(rawValue: 12345).description == "KVM_EXIT_12345")
  }
}
