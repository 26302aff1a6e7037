import GuestMemory

extension Planner {
  /// Takes the memory of the protected-mode code, loaded at `load`, and of what it unpacks itself to.
  ///
  /// - Throws: `BootError.outsideMemory`, `.malformed`.
  mutating func claimKernel(of header: LinuxSetupHeader, at load: UInt64) throws(BootError) {
    let image = request.image
    let workspace = try header.workspace(loadedAt: load, in: image)
    let needed = workspace.map { "It needs memory up to \(hex($0.end)) to start. " } ?? ""
    let kernel = PlannedSegment(
      kind: .image, name: "the kernel \(image.name)", address: GuestAddress(load),
      memoryByteCount: header.protectedModeByteCount, fileOffset: UInt64(header.realModeByteCount),
      fileByteCount: header.protectedModeByteCount, permissions: [.read, .write, .execute],
      content: .file(image))
    try claim(kernel, advice: needed + Self.moreMemory)
    guard let workspace else { return }
    // What is claimed does not wrap. The two may overlap, as they do where the kernel is loaded where it
    // prefers to be.
    let end = load + header.protectedModeByteCount
    if workspace.end <= load || workspace.start >= end {
      try claimWorkspace(from: workspace.start, to: workspace.end, needed)
    } else {
      try claimWorkspace(from: workspace.start, to: load, needed)
      try claimWorkspace(from: end, to: workspace.end, needed)
    }
  }

  /// Keeps the range free for the kernel, unless it is empty.
  private mutating func claimWorkspace(from start: UInt64, to end: UInt64, _ needed: String) throws(BootError)
  {
    guard start < end else { return }
    try claim(
      .reserved(
        kind: .workspace, name: "the memory that the kernel unpacks itself to", from: start, to: end),
      advice: needed + Self.moreMemory)
  }

  /// Where the protected-mode code is loaded to be entered at its 32- or 64-bit entry point.
  ///
  /// A relocatable kernel is loaded where it prefers to be: from any place below it moves itself there,
  /// and there must be memory in any case. Others are loaded where they say they start.
  ///
  /// - Throws: `BootError.malformed`, `.noRoom`.
  func loadAddress(of header: LinuxSetupHeader) throws(BootError) -> UInt64 {
    let wanted: UInt64
    if !header.isRelocatable {
      wanted = UInt64(header.code32Start)
    } else if header.preferredAddress != 0 {
      wanted = header.preferredAddress
    } else {
      let free = lowestFree(
        byteCount: max(header.protectedModeByteCount, header.initializationByteCount),
        from: BootLayout.highMemoryStart, alignment: header.alignment)
      guard let free else {
        throw .noRoom(
          what: "the kernel \(request.image.name)", byteCount: header.protectedModeByteCount,
          advice: Self.moreMemory)
      }
      wanted = free
    }
    guard wanted >= BootLayout.highMemoryStart, wanted < PCMemoryLayout.holeEnd else {
      throw .malformed(
        image: request.image.name, offset: header.isRelocatable ? 0x258 : 0x214,
        problem: "it is to be loaded at \(hex(wanted)), which is not between 1 MiB and 4 GiB")
    }
    return wanted
  }
}

extension LinuxSetupHeader {
  /// The memory that the kernel uses before it looks at its memory map, by what boot.rst says of
  /// init_size; nil where it does not say.
  ///
  /// - Throws: `BootError.malformed`.
  fileprivate func workspace(loadedAt load: UInt64, in image: any ImageSource) throws(BootError)
    -> (start: UInt64, end: UInt64)?
  {
    guard initializationByteCount > 0 else { return nil }
    // Below the preferred address no kernel runs, wherever it is loaded.
    let wanted =
      isRelocatable
      ? max(load, preferredAddress).roundedUp(to: alignment) : preferredAddress == 0 ? load : preferredAddress
    guard let wanted, let end = wanted.adding(initializationByteCount) else {
      throw .malformed(
        image: image.name, offset: 0x258,
        problem: "it wants to run at \(hex(preferredAddress)), past the last address there is")
    }
    return (wanted, end)
  }
}
