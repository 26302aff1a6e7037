internal import X86

/// Instruction fetch.
extension Interpreter {
  /// The bytes at RIP, at most 15, as far as they can be fetched.
  struct FetchedBytes {
    var bytes = InstructionBytes()
    /// Why there are no more of them, if there are fewer than 15.
    var end: Interruption?
  }

  /// Fetches up to 15 bytes at RIP. A fault on the way is only one if the instruction needs the byte.
  func fetch() -> FetchedBytes {
    var fetched = FetchedBytes()
    do throws(Interruption) {
      let limit = core.isLong ? UInt64.max : UInt64(segment(.cs).limit)
      var rip = core.rip
      while fetched.bytes.count < 15 {
        guard rip <= limit else { throw .generalProtection() }
        let linear = try codeAddress(rip)
        let physical = try translate(linear, for: MemoryAccess(.execute, instructionPrivilege))
        let room = min(4096 - Int(linear & 0xFFF), 15 - Int(fetched.bytes.count))
        for offset in 0..<room {
          guard rip <= limit else { throw .generalProtection() }
          fetched.bytes.append(fetchByte(physical &+ UInt64(offset)))
          rip = rip &+ 1
        }
      }
    } catch {
      fetched.end = error
    }
    return fetched
  }

  /// The linear address of an instruction at `rip`.
  private func codeAddress(_ rip: UInt64) throws(Interruption) -> UInt64 {
    if core.isLong {
      guard isCanonical(rip, bits: 48) else { throw .generalProtection() }
      return rip
    }
    return (segmentBase(.cs) &+ rip) & 0xFFFF_FFFF
  }

  /// A byte of code. Where there is no RAM it is all ones, as on a bus without a device: code is not
  /// executed from devices.
  private func fetchByte(_ physical: UInt64) -> UInt8 {
    memory.load(UInt8.self, at: physical) ?? 0xFF
  }

  /// Fetches and decodes the instruction at RIP.
  ///
  /// - Throws: what the fetch or the decoding raises.
  func fetchInstruction() throws(Interruption) -> Instruction {
    let fetched = fetch()
    do throws(DecodeError) {
      return try decoder.decode(fetched.bytes)
    } catch {
      switch error {
      case .needsMoreBytes: throw fetched.end ?? .generalProtection()
      case .tooLong: throw .generalProtection()
      case .undefined: throw undefinedInstruction()
      }
    }
  }

  /// The decoder for the code segment as it is.
  private var decoder: InstructionDecoder {
    InstructionDecoder(CodeSize(rawValue: core.codeSize) ?? .bits16)
  }
}
