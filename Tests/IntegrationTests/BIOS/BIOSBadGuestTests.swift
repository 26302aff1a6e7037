import Engine
import SwiftVM
import Testing

/// Guests that call the BIOS with any registers whatever: they harm themselves at most.
struct BIOSBadGuestTests {
  /// So many calls of services by random registers; the last words of the guest's code end it with status 7.
  private static func image(seed: UInt64, calls: Int) -> [UInt8] {
    var generator = SplitMix64(state: seed)
    var code: [UInt8] = []
    func load32(_ opcode: UInt8, _ value: UInt32) {
      code += [0x66, opcode] + (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    // INT n and the functions that end at all: those that wait for a key or for long are left out.
    let services: [(UInt8, [UInt8])] = [
      (0x10, Array(0...0x1C) + [0x4F, 0xFF]), (0x11, [0]), (0x12, [0]),
      (0x13, Array(0...0x18) + Array(0x41...0x4B)), (0x14, [0, 1, 3, 4]),
      (0x15, [0x24, 0x4F, 0x87, 0x88, 0x89, 0xC0, 0xC1, 0xE8, 0xFF]), (0x16, [1, 2, 3, 5, 0x11, 0x12]),
      (0x17, [0, 1, 2]), (0x1A, [0, 1, 2, 4, 6, 7, 0xB1]), (0x21, [9, 0x4C]), (0x60, [0]), (0xFF, [0]),
    ]
    for _ in 0..<calls {
      let (vector, functions) = services[Int(generator.next() % UInt64(services.count))]
      let function = functions[Int(generator.next() % UInt64(functions.count))]
      func extreme() -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: generator.next())
        switch generator.next() % 5 {
        case 0: return 0xFFFF_FFFF
        case 1: return 0
        case 2: return bits & 0xFF
        case 3: return bits & 0x8000_FFFF
        default: return bits
        }
      }
      load32(0xB8, extreme())  // mov eax
      load32(0xBB, extreme())  // mov ebx
      load32(0xB9, extreme() & 0xFFFF_80FF)  // mov ecx
      load32(0xBA, generator.next() % 3 == 0 ? 0x534D_4150 : extreme())  // mov edx, perhaps "SMAP"
      load32(0xBE, extreme())  // mov esi
      load32(0xBF, extreme())  // mov edi
      if generator.next() % 2 == 0 { code += [0xB2, 0x80] }  // mov dl, 0x80
      // Buffers above this code: es = 0x4000 + …; the disk's sectors may still come over it.
      code += [0x68, UInt8(truncatingIfNeeded: generator.next()), 0x40, 0x07]  // push; pop es
      code += [0xB4, function]  // mov ah
      if function == 0xE8 { code += [0xB0, generator.next() % 2 == 0 ? 0x20 : 0x01] }
      code += [0xCD, vector]
    }
    return code + [0xB0, 7, 0xE6, 0xF4]
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func anyRegistersAreSurvived(seed: UInt64) async throws {
    var bytes = Self.image(seed: seed, calls: 30)
    if seed % 2 == 0 {
      // As a boot sector, it has a disk to read.
      bytes = [0xE9, 0xFD, 0x01] + [UInt8](repeating: 0, count: 507) + [0x55, 0xAA] + bytes
      bytes += [UInt8](repeating: 0x90, count: (64 << 10) - bytes.count % (64 << 10))
    }
    var configuration = VirtualMachine.Configuration(image: .bytes(bytes, name: "any registers"))
    configuration.console = .channel(ScriptedChannel(input: Array("keys".utf8)))
    configuration.engine = .software
    configuration.memoryByteCount = seed % 3 == 0 ? 1 << 20 : 16 << 20
    configuration.timeoutNanoseconds = 600_000_000_000
    configuration.reboots = false
    let outcome = try await VirtualMachine(configuration).run()
    // 7: it came to its end. 100: it had the BIOS raise an exception, or destroyed itself.
    #expect([7, 100].contains(outcome.exitStatus), "\(outcome.sentence) \(outcome.crash?.text ?? "")")
  }
}

/// Numbers for a seed (Vigna's splitmix64).
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
