internal import Engine
internal import KVMEngine
internal import SoftwareEngine

extension AssistedProcessor {
  /// Runs the guest on KVM, or moves it to the helper for a random number of instructions.
  func runAtRandom() throws(EngineError) -> VMExit {
    guard let number = randomMoves?.next() else { return try hardware.run() }
    if number & 1 == 0 {
      // The data of the exit before is taken up first, so that KVM has the vCPU between instructions.
      hardware.dontEnter()
      let exit = try hardware.run()
      guard case .interrupted = exit else { return exit }
      try moveToSoftware()
      if isInSoftware, let stay = randomMoves?.stay() {
        // Beside other vCPUs: one instruction, and none whose access must be atomic.
        let isShared = machine.processorCount > 1
        patience.begin(length: !isShared ? stay : software?.isAtomicInstructionNext == true ? 0 : 1)
        if let exit = try runInSoftware() { return exit }
      }
    }
    return try runOnHardware()
  }
}
