import Boot
import Host
import Testing

@testable import SwiftVM

/// What a configuration says about itself.
@Suite struct ConfigurationTests {
  typealias Configuration = VirtualMachine.Configuration

  private func mistakes(_ change: (inout Configuration) -> Void) -> [String] {
    var configuration = Configuration()
    change(&configuration)
    return configuration.mistakes.map(\.description)
  }

  @Test func theUsualOneIsRight() {
    #expect(Configuration().mistakes.isEmpty)
  }

  @Test(arguments: [0, 4096, (1 << 20) - 4096] as [UInt64])
  func refusesTooLittleMemory(_ size: UInt64) throws {
    let found = mistakes { $0.memoryByteCount = size }
    try #require(found.count == 1)
    #expect(found[0].contains("\(size) bytes is too small"))
  }

  @Test(arguments: [(1 << 43) + 4096, 1 << 45, .max, .max - 4095] as [UInt64])
  func refusesTooMuchMemory(_ size: UInt64) throws {
    let found = mistakes { $0.memoryByteCount = size }
    try #require(found.count == 1)
    #expect(found[0].contains("too large"))
  }

  @Test(arguments: [(1 << 20) + 1, (1 << 30) - 1, (64 << 20) + 512] as [UInt64])
  func refusesPartsOfPages(_ size: UInt64) throws {
    let found = mistakes { $0.memoryByteCount = size }
    try #require(found.count == 1)
    #expect(found[0].contains("4 KiB pages"))
  }

  @Test(arguments: [1 << 20, (1 << 20) + 4096, 1 << 43] as [UInt64])
  func takesSizesAtTheLimits(_ size: UInt64) {
    #expect(mistakes { $0.memoryByteCount = size } == [])
  }

  @Test(arguments: [.min, -1, 0, 256, .max])
  func refusesImpossibleNumbersOfVCPUs(_ count: Int) throws {
    let found = mistakes { $0.cpuCount = count }
    try #require(found.count == 1)
    #expect(found[0].contains("\(count) vCPUs"))
  }

  @Test(arguments: [1, 2, 255])
  func takesPossibleNumbersOfVCPUs(_ count: Int) {
    #expect(mistakes { $0.cpuCount = count } == [])
  }

  @Test func refusesNULInTheCommandLine() throws {
    let found = mistakes { $0.commandLine = "root=/dev/vda\0 quiet" }
    try #require(found.count == 1)
    #expect(found[0].contains("NUL"))
  }

  /// A device's own port, and the ports below it that a 32-bit write would reach over.
  @Test(
    arguments: [
      (0x3F8, "COM1"), (0x3F5, "COM1"), (0x3FF, "COM1"), (0xE9, "debug console"), (0xE6, "debug console"),
      (0x80, "POST"), (0x60, "keyboard"), (0x64, "keyboard"), (0x92, "system control"),
      (0x70, "real-time clock"),
      (0xCF9, "reset control"), (0x505, "panic"), (0x5FD, "ACPI"), (0x605, "ACPI"), (0x60B, "ACPI"),
      (0x20, "interrupt controller"),
      (0xA1, "interrupt controller"),
      (0x4D0, "interrupt controller"), (0x40, "interval timer"), (0x61, "keyboard"), (0x5E, "keyboard"),
    ] as [(UInt16, String)])
  func refusesAnExitPortThatIsTaken(_ port: UInt16, _ owner: String) throws {
    let found = mistakes { $0.exitPort = port }
    try #require(found.count == 1)
    #expect(found[0].contains(owner))
    #expect(found[0].contains("0x" + String(port, radix: 16)))
  }

  @Test(arguments: [0xF4, 0x501, 0x502 - 4, 0xEA, 0, 0xFFFF, 0x3F4] as [UInt16])
  func takesFreeExitPorts(_ port: UInt16) {
    #expect(mistakes { $0.exitPort = port } == [])
  }

  @Test func refusesATimeLimitOfNothing() throws {
    let found = mistakes { $0.timeoutNanoseconds = 0 }
    try #require(found.count == 1)
    #expect(found[0].contains("time limit"))
  }

  @Test func tellsEveryMistakeAtOnce() {
    let found = mistakes { configuration in
      configuration.memoryByteCount = 1
      configuration.cpuCount = 0
      configuration.commandLine = "\0"
      configuration.exitPort = 0x3F8
      configuration.timeoutNanoseconds = 0
    }
    #expect(found.count == 5)
  }

  @Test func aMachineIsNotMadeOfMistakes() {
    var configuration = Configuration()
    configuration.cpuCount = 0
    #expect { try VirtualMachine(configuration) } throws: { error in
      guard case .configuration(let mistakes)? = error as? StartError else { return false }
      return mistakes.count == 1 && (error as? StartError)?.exitStatus == 64
    }
  }

  /// Where an interpreter executes the kernel's decompressor, ours is used.
  @Test func aKernelIsUnpackedWhereItsOwnCodeWouldBeInterpreted() {
    var configuration = VirtualMachine.Configuration()
    configuration.engine = .software
    #expect(configuration.resolvedKernelUnpacking == .byVMMIfPossible && configuration.interpretsKernels)
    configuration.kernelUnpacking = .guest
    #expect(configuration.resolvedKernelUnpacking == .byGuest)
    configuration.kernelUnpacking = .vmm
    #expect(configuration.resolvedKernelUnpacking == .byVMM)

    configuration = VirtualMachine.Configuration()
    configuration.assist = .ring0
    #expect(configuration.interpretsKernels)
    // No KVM: the software engine will be taken.
    configuration = VirtualMachine.Configuration()
    configuration.kvmPath = "/dev/null/nothing"
    #expect(configuration.interpretsKernels)
    // What can be opened stands for a KVM; then the host's CPU decides.
    configuration.kvmPath = "/dev/null"
    #expect(configuration.interpretsKernels == !HostProcessor.hasVirtualization)
  }

  /// A Linux kernel goes to the software engine where KVM would interpret it, unless the user said otherwise.
  @Test func autoLeavesKernelsToTheFasterInterpreter() {
    // What can be opened stands for a KVM.
    var automatic = VirtualMachine.Configuration()
    automatic.kvmPath = "/dev/null"
    for format in [ImageFormat.linux64, .linux32, .linux16, .pvh] {
      #expect(automatic.obstacleToKVM(for: format, hasVirtualization: false)?.contains("VT-x") == true)
      #expect(automatic.obstacleToKVM(for: format, hasVirtualization: true) == nil)
    }
    for format in [ImageFormat.flat64, .bootSector, .multiboot1, .elf64] {
      #expect(automatic.obstacleToKVM(for: format, hasVirtualization: false) == nil)
    }
    for insist: (inout VirtualMachine.Configuration) -> Void in [
      { $0.engine = .kvm }, { $0.assist = .ring0 }, { $0.assist = .off },
      { $0.interruptControllers = .kernel },
      // Without any, there is another reason to tell.
      { $0.kvmPath = "/dev/null/nothing" },
    ] {
      var configuration = automatic
      insist(&configuration)
      #expect(configuration.obstacleToKVM(for: .linux64, hasVirtualization: false) == nil)
    }
  }
}
