import Synchronization

/// The A20 gate of a PC, as the ports that switch it see it.
///
/// Only what the guest set is kept. The address line itself is always on: no engine masks it, and
/// guests that close the gate on purpose, to run programs of the 8086, do not exist any more.
public final class A20Gate: Sendable {
  private let open = Atomic<Bool>(true)

  /// A gate that is open.
  public init() {}

  /// Whether the guest has opened the gate.
  public var isOpen: Bool {
    get { open.load(ordering: .relaxed) }
    set { open.store(newValue, ordering: .relaxed) }
  }
}
