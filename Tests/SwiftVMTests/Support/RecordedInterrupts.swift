import Engine
import Host

/// Takes interrupts and keeps the messages.
final class RecordedInterrupts: InterruptController {
  private let kept = Lock<[MSIMessage]>([])

  var messages: [MSIMessage] { kept.withLock { $0 } }

  func setLine(_ gsi: UInt32, level: Bool) {}
  func signal(_ message: MSIMessage) { kept.withLock { $0.append(message) } }
}
