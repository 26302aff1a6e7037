public import GuestMemory
public import X86

/// Where an image and everything it needs go in guest memory, and the state in which the processor
/// starts.
///
/// Making a plan reads the image's headers and decides; it touches no memory of a guest, so a plan
/// can be printed without a machine. `place(into:)` then carries it out, as often as wanted.
public struct BootPlan: Sendable {
  /// What the image was taken for.
  public let format: ImageFormat
  /// Why: a sentence.
  public let reason: String
  /// Every range of memory that is used, in ascending order of address. None overlap and each
  /// lies in usable RAM; only firmware tables lie in reserved RAM, where guests look for them.
  public let segments: [PlannedSegment]
  /// The memory map that the guest is given, and that the plan was made by.
  public let memoryMap: MemoryMap
  /// The guest-physical address of the first instruction; it lies in the loaded image.
  public let entryPoint: GuestAddress
  /// The processor's state at that instruction.
  public let entry: CPUState
  /// The state in which the processor starts: `entry`, or in the BIOS, which goes there when it is done.
  public let start: CPUState
  /// What somebody who wonders about the guest's behaviour should know: sentences.
  public let notes: [String]
}

extension BootPlan {
  /// Decides what the image of `request` is and where everything goes (`ImageDetection` lists the
  /// rules). Only the image's headers are read.
  ///
  /// - Throws: `BootError`: the image cannot be read, is not one that can be booted, contradicts
  ///   itself, does not fit into the guest's memory, or does not go with the options.
  public init(_ request: BootRequest) throws(BootError) { self = try ImageDetection.plan(request) }
}
