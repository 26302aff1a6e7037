internal import Engine
internal import KVMEngine
internal import SoftwareEngine

extension AssistedProcessor {
  /// Runs the guest on KVM, and moves it to the helper for a random number of instructions: at an exit, or
  /// after a random time, at whichever instruction KVM has come to.
  func runAtRandom() throws(EngineError) -> VMExit {
    while let move = randomMoves?.nextMove() {
      switch move {
      case .none: return try runOnHardware()
      case .atExit:
        if let exit = try finishExit() { return exit }
        try moveToSoftware(.chance)
        // The kick that ended the entry may have been somebody's.
        guard isInSoftware else { return .interrupted }
      case .afterNanoseconds(let time):
        switch try hardware.run(forAtMost: time) {
        case .exit(.emulationFailure(let failure)): return try goOn(after: failure)
        case .exit(let exit): return exit
        case .timeIsUp: try moveToSoftware(.chance)
        }
        guard isInSoftware else { continue }
        count.takeovers &+= 1
      }
      if let exit = try stayAtRandom() { return exit }
    }
    return try runOnHardware()
  }

  private func stayAtRandom() throws(EngineError) -> VMExit? {
    guard let stay = randomMoves?.stay() else { return nil }
    // Beside other vCPUs: one instruction, and none whose access must be atomic.
    let isShared = machine.processorCount > 1
    patience.begin(length: !isShared ? stay : software?.isAtomicInstructionNext == true ? 0 : 1)
    return try runInSoftware()
  }
}
