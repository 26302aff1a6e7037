@testable import SoftwareEngine
import Testing
import X86

@Suite("Control registers and modes")
struct ControlRegisterTests {
  /// Executes MOV CRn, EAX at CPL 0 of protected mode.
  private func write(_ number: UInt8, _ value: UInt64, _ prepare: (Machine) -> Void = { _ in }) throws
    -> Machine
  {
    let machine = try Machine.protected([0x0F, 0x22, 0xC0 | number << 3])
    machine.cpu.core.rax = value
    prepare(machine)
    machine.step()
    return machine
  }

  @Test(
    "combinations of CR0 that do not exist are #GP(0)",
    arguments: [
      (UInt64(0x8000_0000), true), (0x2000_0011, true), (0x6000_0011, false), (0x11, false),
      (0x8005_0033, false),
    ])
  func cr0(value: UInt64, faults: Bool) throws {
    let machine = try write(0, value)
    #expect(machine.enteredVector == (faults ? 13 : nil))
    if !faults { #expect(machine.cpu.core.cr0.rawValue == value) }
  }

  @Test("CR0.ET stays, reserved bits read as zero")
  func cr0Reserved() throws {
    let machine = try write(0, 0x1FFF_FFC0 | 1)
    #expect(machine.cpu.core.cr0.rawValue == 0x0005_0031 & ~0x20 | 0x1FFF_FFC0 & 0x5_0000 | 0x10 | 1)
  }

  @Test("paging with EFER.LME needs PAE, and then is long mode")
  func longMode() throws {
    let refused = try write(0, 0x8000_0011) { $0.cpu.core.efer = .longModeEnable }
    #expect(refused.enteredVector == 13)
    let machine = try write(0, 0x8000_0011) {
      $0.cpu.core.efer = .longModeEnable
      $0.cpu.core.cr4 = .physicalAddressExtension
      $0.cpu.core.cr3 = CR3(rawValue: Machine.pageTables)
    }
    #expect(machine.enteredVector == nil)
    #expect(machine.cpu.core.efer.contains(.longModeActive))
    #expect(machine.cpu.core.codeSize == 4)
    #expect(machine.cpu.walker.mode == .fourLevel)
  }

  @Test("64-bit mode cannot leave paging, and PAE stays")
  func longModeStays() throws {
    // mov cr0, rax
    let paging = try Machine.long([0x0F, 0x22, 0xC0])
    paging.cpu.core.rax = 0x11
    paging.step()
    #expect(paging.enteredVector == 13)
    // mov cr4, rax
    let extended = try Machine.long([0x0F, 0x22, 0xE0])
    extended.cpu.core.rax = 0x200
    extended.step()
    #expect(extended.enteredVector == 13)
  }

  @Test("bits of CR4 that CPUID does not show are #GP(0): LA57, VMXE, PCIDE, VME")
  func cr4() throws {
    for bit in [0, 1, 12, 13, 17, 22, 23] as [UInt64] {
      #expect(try write(4, 1 << bit).enteredVector == 13, "bit \(bit)")
    }
    #expect(try write(4, 0x31_0EF8 & ~0x20_0000).enteredVector == nil)
  }

  @Test("reserved bits of PAE's top entries are found when CR3 is loaded")
  func directoryPointers() throws {
    for (entry, faults) in [(UInt64(0x11001), false), (0x11003, true), (0x1FE, false), (1 << 40 | 1, true)] {
      let machine = try write(0, 0x8000_0011) {
        $0.cpu.core.cr4 = .physicalAddressExtension
        $0.cpu.core.cr3 = CR3(rawValue: 0x6000)
        $0.write(entry, at: 0x6008)
        // Identity for what runs.
        $0.write(UInt64(0x12001), at: 0x6000)
        $0.write(UInt64(0x83), at: 0x12000)
      }
      #expect(machine.enteredVector == (faults ? 13 : nil))
    }
  }

  @Test("CR3 in long mode refuses bits beyond the physical address")
  func cr3() throws {
    for value in [Machine.pageTables | 1 << 63, Machine.pageTables | 1 << 40] {
      let machine = try Machine.long([0x0F, 0x22, 0xD8])
      machine.cpu.core.rax = value
      machine.step()
      #expect(machine.enteredVector == 13)
    }
  }

  @Test("a load of CR3 forgets what is not global")
  func flush() throws {
    // mov rbx, [rsi]; mov cr3, rax; mov rcx, [rsi]
    let machine = try Machine.long([0x48, 0x8B, 0x1E, 0x0F, 0x22, 0xD8, 0x48, 0x8B, 0x0E])
    machine.cpu.core.rsi = 0x20_0000
    machine.cpu.core.rax = Machine.pageTables
    machine.write(UInt64(0x8_0087), at: Machine.pageTables + 0x2008)
    machine.write(UInt64(0x87), at: Machine.pageTables + 0x2008)
    machine.write(UInt64(1), at: 0)
    machine.step()
    #expect(machine.cpu.core.rbx == 1)
    machine.write(UInt64(0), at: Machine.pageTables + 0x2008)
    machine.step(2)
    #expect(machine.enteredVector == 14)
  }

  @Test("LMSW sets PE and cannot clear it; SMSW gives CR0")
  func machineStatus() throws {
    // lmsw ax; smsw ecx
    let machine = try Machine.protected([0x0F, 0x01, 0xF0, 0x0F, 0x01, 0xE1])
    machine.cpu.core.rax = 0xFFF8
    machine.step(2)
    #expect(machine.cpu.core.cr0.contains([.protectionEnable, .taskSwitched]))
    #expect(machine.cpu.core.rcx == machine.cpu.core.cr0.rawValue)
  }

  @Test("a lower CR8 tells the run loop; more than 15 is #GP")
  func taskPriority() throws {
    // mov cr8, rax
    let code: [UInt8] = [0x44, 0x0F, 0x22, 0xC0]
    let machine = try Machine.long(code)
    machine.cpu.taskPriority = 9
    machine.cpu.core.rax = 3
    machine.step()
    #expect(machine.cpu.taskPriority == 3)
    guard case .taskPriorityLowered = machine.cpu.pendingExit else {
      Issue.record("the exit is \(String(describing: machine.cpu.pendingExit))")
      return
    }
    let refused = try Machine.long(code)
    refused.cpu.core.rax = 16
    refused.step()
    #expect(refused.enteredVector == 13)
  }

  @Test("DR4 and DR5 are DR6 and DR7, or #UD with CR4.DE; fixed bits stay")
  func debugRegisters() throws {
    // mov dr5, eax; mov ecx, dr7
    let code: [UInt8] = [0x0F, 0x23, 0xE8, 0x0F, 0x21, 0xF9]
    let machine = try Machine.protected(code)
    machine.cpu.core.rax = 0xFFFF_D3FF & ~0x2000
    machine.step(2)
    #expect(machine.cpu.core.rcx == 0xFFFF_07FF & ~0x0 & 0xFFFF_27FF & ~0x2000)
    let refused = try Machine.protected(code)
    refused.cpu.core.cr4 = .debuggingExtensions
    refused.step()
    #expect(refused.enteredVector == 6)
  }

  @Test("privileged instructions are #GP(0) at CPL 3")
  func privilege() throws {
    let codes: [[UInt8]] = [
      [0xF4], [0x0F, 0x06], [0x0F, 0x08], [0x0F, 0x09], [0x0F, 0x01, 0x38], [0x0F, 0x30], [0x0F, 0x32],
      [0x0F, 0x20, 0xC0], [0x0F, 0x22, 0xC0], [0x0F, 0x21, 0xC0], [0x0F, 0x01, 0x10], [0x0F, 0x01, 0x18],
      [0x0F, 0x00, 0xD0], [0x0F, 0x00, 0xD8], [0x0F, 0x01, 0xF0],
    ]
    for code in codes {
      let machine = try Machine.protected(code, privilege: 3)
      machine.cpu.core.rax = 0x6000
      machine.step()
      #expect(machine.enteredVector == 13, "\(code)")
      #expect(machine.stack32(1) == [0], "\(code)")
    }
  }

  @Test("HLT is done when the vCPU sleeps, and an interrupt wakes it")
  func halt() throws {
    let machine = try Machine.protected([0xF4, 0x90])
    machine.cpu.core.rflags = [.reserved1, .interruptEnable]
    machine.step()
    guard case .halt = machine.cpu.pendingExit else {
      Issue.record("the exit is \(String(describing: machine.cpu.pendingExit))")
      return
    }
    #expect(machine.cpu.activity == .halted)
    #expect(machine.cpu.canTakeInterrupt)
    machine.cpu.takeInterrupt(vector: 0x40)
    #expect(machine.cpu.activity == .running)
    #expect(machine.stack32(1) == [UInt32(Machine.code + 1)])
  }
}
