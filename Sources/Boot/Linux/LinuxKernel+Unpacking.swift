import GuestMemory
internal import Host

/// A bzImage whose kernel we unpack: the ELF file in it is loaded as its program headers say and entered
/// where its own decompressor would jump to, with the zero page that the bzImage's header makes.
///
/// See docs/decisions/0024-unpacking-the-kernel.md for when that is done.
extension LinuxKernel {
  /// The plan for that, or nil where the kernel is left to unpack itself: a note of the planner says why.
  ///
  /// - Throws: `BootError.malformed` for a damaged payload; `.optionRefused` where the kernel was not to be
  ///   left to itself and must be; what making a plan throws.
  static func planUnpacked(_ planner: inout Planner, header: LinuxSetupHeader, why: String) throws(BootError)
    -> BootPlan?
  {
    let request = planner.request
    switch request.kernelUnpacking {
    case .byGuest: return nil
    case .byVMM: break
    case .byVMMIfPossible: guard request.isUnpackingWorthwhile() else { return nil }
    }
    let obstacle: LinuxPayload.Obstacle
    do throws(LinuxPayload.Failure) {
      let kernel = try unpackedKernel(of: request, header: header)
      do throws(BootError) {
        return try plan(planner, unpacked: kernel, header: header, why: why)
      } catch {
        // What is wrong with the request or the memory is wrong without unpacking too, and said then.
        kernel.release()
        obstacle = LinuxPayload.Obstacle(reason: error.description)
      }
    } catch {
      switch error {
      case .image(let error): throw error
      case .obstacle(let reason): obstacle = reason
      }
    }
    guard request.kernelUnpacking != .byVMM else {
      throw .optionRefused(option: "--kernel-unpack vmm", reason: obstacle.reason)
    }
    planner.notes.append("The kernel is left to unpack itself. \(obstacle.reason)")
    return nil
  }

  private static func unpackedKernel(of request: BootRequest, header: LinuxSetupHeader)
    throws(LinuxPayload.Failure) -> UnpackedKernel
  {
    let finding: LinuxPayload.Finding
    do throws(BootError) {
      let ram = request.memory.ranges.reduce(0) { $0 + $1.byteCount }
      finding = try LinuxPayload.find(header, in: request.image, limit: ram)
    } catch {
      throw .image(error)
    }
    switch finding {
    case .obstacle(let obstacle): throw .obstacle(obstacle)
    case .payload(let payload): return try UnpackedKernel(payload)
    }
  }

  /// The plan with the unpacked kernel.
  private static func plan(
    _ planner: Planner, unpacked kernel: UnpackedKernel, header: LinuxSetupHeader, why: String
  ) throws(BootError) -> BootPlan {
    let head = HeaderBytes(
      bytes: try kernel.bytes(at: 0, count: min(ELFImage.headerByteCount, Int(kernel.byteCount))))
    guard head.has(ELFImage.magic) else {
      throw .unsupported(image: kernel.name, what: "no ELF file", advice: "Nothing says where it goes.")
    }
    let elf = try ELFImage(kernel, head: head)
    guard elf.is64Bit else {
      throw .unsupported(image: kernel.name, what: "32-bit code", advice: "It has no 64-bit entry point.")
    }
    var planner = planner
    try planner.claimSegments(of: elf, in: kernel)
    try planner.claimWorkspace(of: header, behind: elf)
    planner.notes.append(
      "The kernel runs where it was linked to: to move it to a random place (KASLR) is a part of its own decompressor."
    )
    let load = elf.loadable.map(\.physicalAddress).min() ?? elf.physicalEntry
    return try finish(
      planner, header: header, isLong: true, loadAddress: load, entryPoint: elf.physicalEntry,
      reason:
        "\(why); the kernel in it was unpacked (\(kernel.byteCount) bytes), and is entered at its 64-bit entry point."
    )
  }
}

extension Planner {
  /// Keeps free what the kernel uses behind its segments before it reads its memory map: as much as it says
  /// that it needs when it unpacks itself (init_size).
  fileprivate mutating func claimWorkspace(of header: LinuxSetupHeader, behind elf: ELFImage)
    throws(BootError)
  {
    let end = elf.loadable.map { $0.physicalAddress &+ $0.memoryByteCount }.max() ?? 0
    let start = elf.loadable.map(\.physicalAddress).min() ?? 0
    guard let wanted = start.adding(header.initializationByteCount), wanted > end else { return }
    try claim(
      .reserved(kind: .workspace, name: "the memory that the kernel starts in", from: end, to: wanted))
  }
}
