internal import Engine
internal import X86

/// The sub-codes with which this engine reports an emulation failure; KVM's are below 256.
enum EmulationFailureCode {
  /// The guest asked for a hardware task switch: a task gate, a far jump to a TSS, or IRET with NT set.
  static let taskSwitch: UInt32 = 0x100
}

extension Interpreter {
  /// Prepares the exit that reports what this engine cannot do, with the bytes of the instruction under
  /// way, and returns what to throw.
  func emulationFailure(code: UInt32) -> Interruption {
    let fetched = fetch().bytes
    var bytes = InlineArray<15, UInt8>(repeating: 0)
    for index in 0..<Int(fetched.count) { bytes[index] = fetched[index] }
    pendingExit = .emulationFailure(
      EmulationFailure(code: code, instructionBytes: bytes, instructionByteCount: fetched.count))
    return .deviceAccess
  }
}
