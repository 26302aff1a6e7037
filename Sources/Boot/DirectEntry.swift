import GuestMemory
import X86

/// How an image that follows no boot protocol is entered: flat 32- and 64-bit images, and plain ELF
/// executables.
///
/// - Segments are flat; the descriptor table is at `BootLayout.descriptorTable`. Interrupts are off.
/// - In long mode physical memory is mapped to itself, 4 GiB of it or all RAM.
/// - The stack pointer is as after a CALL, so that the entry point may be a C or Swift function:
///   one return address, which is zero, below `BootLayout.stackEnd`.
/// - RBX holds the address of PVH's start information (`PVHStartInformation`), which carries the
///   command line, the modules and the memory map; in long mode RDI, the first argument of a C
///   function, holds it too.
enum DirectEntry {
  /// Claims what the entry state needs, and finishes the plan.
  static func finish(
    _ planner: consuming Planner, format: ImageFormat, entryPoint: UInt64, reason: String
  ) throws(BootError) -> BootPlan {
    var state: CPUState
    let descriptors = try planner.claimDescriptorTable()
    let stack = try planner.claimStack()
    if format.mode == .long {
      let root = try planner.claimPageTables()
      state = .long(entryPoint: entryPoint, pageTableRoot: root, globalDescriptorTable: descriptors)
      state.general.rsp = stack - 8
    } else {
      state = .flatProtected(
        entryPoint: try planner.entryPoint32(entryPoint), globalDescriptorTable: descriptors)
      state.general.rsp = stack - 4
    }
    let information = try PVHStartInformation.claim(&planner)
    state.general.rbx = information
    if format.mode == .long { state.general.rdi = information }
    return try planner.finish(format: format, reason: reason, entryPoint: entryPoint, state: state)
  }
}

extension Planner {
  /// The entry point as EIP.
  ///
  /// - Throws: `BootError.entryOutsideImage` where it needs more than 32 bits.
  func entryPoint32(_ entry: UInt64) throws(BootError) -> UInt32 {
    guard let narrow = UInt32(exactly: entry) else {
      throw .entryOutsideImage(image: request.image.name, entry: entry)
    }
    return narrow
  }
}
