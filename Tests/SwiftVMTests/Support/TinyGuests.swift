import Engine
import Host

@testable import SwiftVM

/// Guests of a few instructions of real-mode code, so that a test needs no file.
enum TinyGuest {
  /// `jmp $`: never ends, and never leaves the kernel.
  static let endless: [UInt8] = [0xEB, 0xFE]
  /// `cli; hlt`
  static let halting: [UInt8] = [0xFA, 0xF4]
  /// `sti; hlt; jmp`: sleeps, and could be woken.
  static let idle: [UInt8] = [0xFB, 0xF4, 0xEB, 0xFC]
  /// `mov al, 42; out 0xf4, al`
  static let exiting: [UInt8] = [0xB0, 42, 0xE6, 0xF4, 0xEB, 0xFE]
  /// `inc ax; out 0xe9, al; jmp`: exits all the time, with a number that counts up.
  static let counting: [UInt8] = [0x40, 0xE6, 0xE9, 0xEB, 0xFB]
  /// `mov al, 0xfe; out 0x64, al; jmp $`: resets the machine.
  static let resetting: [UInt8] = [0xB0, 0xFE, 0xE6, 0x64, 0xEB, 0xFE]

  /// Accesses a model-specific register, and writes 42 to the exit port where that is #GP, else 1.
  static func accessing(_ register: UInt32, isWrite: Bool) -> [UInt8] {
    let number = (0..<4).map { UInt8(truncatingIfNeeded: register >> UInt32($0 * 8)) }
    // xor ax, ax; mov ds, ax; mov ss, ax; mov sp, 0x7000
    var code: [UInt8] = [0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xD0, 0xBC, 0x00, 0x70]
    // call +0; pop bx; add bx, 0x1e; mov [13 * 4], bx; mov [13 * 4 + 2], cs
    code += [0xE8, 0, 0, 0x5B, 0x83, 0xC3, 0x1E, 0x89, 0x1E, 0x34, 0, 0x8C, 0x0E, 0x36, 0]
    // mov ecx, register; xor eax, eax; xor edx, edx
    code += [0x66, 0xB9] + number + [0x66, 0x31, 0xC0, 0x66, 0x31, 0xD2]
    // rdmsr or wrmsr; mov al, 1; out 0xf4, al; handler: mov al, 42; out 0xf4, al; jmp $
    code += [0x0F, isWrite ? 0x30 : 0x32, 0xB0, 1, 0xE6, 0xF4, 0xB0, 42, 0xE6, 0xF4, 0xEB, 0xFE]
    return code
  }

  /// Calls the hypervisor with a number that it does not know, and writes the low byte of its answer to the
  /// exit port.
  static let calling: [UInt8] = [
    // mov eax, 0x7777; vmcall; out 0xf4, al; jmp $
    0x66, 0xB8, 0x77, 0x77, 0, 0, 0x0F, 0x01, 0xC1, 0xE6, 0xF4, 0xEB, 0xFE,
  ]

  static func configuration(
    _ code: [UInt8], console: VirtualMachine.Configuration.Console = .none, cpuCount: Int = 1
  ) -> VirtualMachine.Configuration {
    var configuration = VirtualMachine.Configuration(image: .bytes(code, name: "tiny guest"))
    configuration.mode = .real16
    // Its start would be more exits, and its timer would wake who sleeps.
    configuration.bios = .none
    configuration.memoryByteCount = 1 << 20
    configuration.console = console
    configuration.cpuCount = cpuCount
    return configuration
  }
}

/// A channel that keeps what is written, and can make the writer wait.
final class CapturingChannel: ByteChannel {
  private struct State {
    var bytes: [UInt8] = []
    var isHeld = false
    var isClosed = false
  }
  private let monitor = Monitor(State())

  var bytes: [UInt8] { monitor.read(\.bytes) }
  var isClosed: Bool { monitor.read(\.isClosed) }

  /// From now on whoever writes waits, as for a reader that reads no more.
  func hold() { monitor.update { $0.isHeld = true } }
  func release() { monitor.update { $0.isHeld = false } }

  func write(_ bytes: RawSpan) {
    // Sound: a byte has no invalid patterns.
    let copy = (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    monitor.wait { state in
      if state.isClosed { return () }
      if state.isHeld { return nil }
      state.bytes += copy
      return ()
    }
  }

  func attach(_ receiver: any ByteReceiver) {}
  func receiverHasRoom() {}
  func close() { monitor.update { $0.isClosed = true } }
}
