internal import Boot
internal import GuestMemory
internal import Host

/// Guest memory, and the loading of an image into it while the rest of the machine is made.
///
/// A thread of its own begins; who calls `finish` helps it.
final class ImageLoading: Sendable {
  /// The memory; what the plan puts there is there after `finish`.
  let memory: GuestMemory
  /// What is loaded.
  let plan: BootPlan

  private let placement: BootPlacement
  private let thread: HostThread?

  /// From how many bytes on a thread of its own is worth its start.
  private static let worthAThread: UInt64 = 1 << 20

  /// Reserves the memory and begins.
  ///
  /// - Throws: `StartError.host` where the host gives no memory.
  init(_ plan: BootPlan, configuration: VirtualMachine.Configuration) throws(StartError) {
    self.plan = plan
    do throws(GuestMemoryError) {
      memory = try GuestMemory(
        pcWithByteCount: configuration.memoryByteCount, backing: configuration.memoryBacking,
        hugePages: configuration.usesHugePages)
    } catch {
      throw .host(error.description)
    }
    let placement = BootPlacement(of: plan, into: memory, memoryIsZero: true)
    self.placement = placement
    // Without a thread `finish` does it all.
    thread =
      placement.fileByteCount < Self.worthAThread
      ? nil : try? HostThread.start(name: "swiftvm-load") { placement.work() }
  }

  /// Nothing is written to the memory of a machine that was not made in the end.
  deinit {
    placement.cancel()
    thread?.join()
  }

  /// Loads what is left to load.
  ///
  /// - Throws: `StartError.image`.
  func finish() throws(StartError) {
    placement.work()
    thread?.join()
    do throws(BootError) {
      try placement.finish()
    } catch {
      throw .image(error.description)
    }
  }
}
