import Engine
import Host

/// What the two sides of a serial port share: the registers behind their lock, and the interrupt
/// line that follows them.
///
/// A class of its own, because the channel must hold on to what it delivers input to, and the port
/// holds on to the channel: this does not, so there is no circle. (A weak reference to the port
/// would break the circle as well, but it makes each retain of the port, one per exit, several times
/// as slow.)
final class SerialCore: ByteReceiver {
  private struct State {
    var registers = SerialRegisters()
    /// The level that the interrupt controller was told last.
    var level = false
    /// Whether the channel was offered less room than it wanted, and waits to be told of more.
    var isHostWaiting = false
  }

  private let interrupt: InterruptLine
  private let state = Lock(State())

  init(interrupt: InterruptLine) {
    self.interrupt = interrupt
  }

  /// Changes the registers and brings the interrupt line to what they say, before anybody else can
  /// change them: so changes of level reach the interrupt controller in their order.
  ///
  /// - Returns: what `body` returns, and whether the channel is to be told, without the lock held,
  ///   that there is room now.
  func withRegisters<Result>(_ body: (inout SerialRegisters) -> Result) -> (Result, hostHasRoom: Bool) {
    state.withLock { state in
      let result = body(&state.registers)
      if state.registers.droppedInterrupt {
        state.registers.droppedInterrupt = false
        drive(false, &state)
      }
      drive(state.registers.interruptLevel, &state)
      // Not before the guest has read all there is: waking the host for each character would cost
      // more than the character.
      let hasRoom =
        state.isHostWaiting && state.registers.receiver.isEmpty && state.registers.receiverRoom > 0
      if hasRoom { state.isHostWaiting = false }
      return (result, hasRoom)
    }
  }

  /// Takes input for the guest, as much as the receiver has room for.
  func receive(_ bytes: RawSpan) -> Int {
    state.withLock { state in
      let count = min(bytes.byteCount, state.registers.receiverRoom)
      for index in 0..<count { state.registers.append(bytes.byte(at: index)) }
      if count < bytes.byteCount { state.isHostWaiting = true }
      drive(state.registers.interruptLevel, &state)
      return count
    }
  }

  private func drive(_ level: Bool, _ state: inout State) {
    guard level != state.level else { return }
    state.level = level
    interrupt.set(level)
  }
}
