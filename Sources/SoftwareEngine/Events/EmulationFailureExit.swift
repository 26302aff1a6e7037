internal import Engine
internal import X86

extension Interpreter {
  /// Prepares the exit that reports what this engine cannot do, with the bytes of the instruction under
  /// way, and returns what to throw.
  func emulationFailure(code: UInt32) -> Interruption {
    let fetched = fetch().bytes
    var bytes = InlineArray<15, UInt8>(repeating: 0)
    for index in 0..<Int(fetched.count) { bytes[index] = fetched[index] }
    // Those of the instruction alone, where it can be decoded.
    let length = (try? fetchInstruction())?.length ?? fetched.count
    pendingExit = .emulationFailure(
      EmulationFailure(code: code, instructionBytes: bytes, instructionByteCount: min(length, fetched.count)))
    return .deviceAccess
  }
}
