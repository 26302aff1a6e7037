import Boot
import GuestMemory

/// Plans and places images, and traps where a promise of `BootPlan` is broken.
public final class BootCheck: Sendable {
  private let layout = PCMemoryLayout(byteCount: 4 << 20)
  private let memory: GuestMemory

  /// A check with 4 MiB of guest memory, which it uses again and again.
  public init() {
    do {
      memory = try GuestMemory(
        regions: [try MemoryRegion(base: GuestAddress(0), byteCount: 4 << 20)])
    } catch {
      fatalError("no memory to fuzz with: \(error)")
    }
  }

  /// Tries to boot `bytes`. Some of `options` decide how: mode, who unpacks a kernel, entry, modules, size of
  /// RAM.
  public func run(_ bytes: [UInt8], options: UInt8 = 0) {
    var request = BootRequest(image: BytesImage(bytes, name: "image"), memory: layout)
    switch options & 7 {
    case 1: request.mode = .protected
    case 2: request.mode = .long
    case 3: request.mode = .real16
    case 4, 5: request.kernelUnpacking = .byVMMIfPossible
    case 6: request.kernelUnpacking = .byVMM
    default: break
    }
    // The big layout has a hole and RAM above it. It is planned for, not placed in.
    let isBig = options & 8 != 0
    if isBig { request.memory = PCMemoryLayout(byteCount: 5 << 30) }
    request.capabilities.hasGigabytePages = options & 16 != 0
    if options & 32 != 0 {
      request.commandLine = "command line"
      request.modules = [BootRequest.Module(source: BytesImage([1, 2, 3], name: "module"))]
    }
    if options & 64 != 0 { request.entry = 0x10_0000 }
    if options & 128 != 0 {
      request.platform = PlatformDescription(
        processorCount: 255,
        powerManagement: .init(
          eventBlock: 0x600, controlBlock: 0x604, timerBlock: 0x608, interrupt: 9, softOffSleepType: 0),
        resetPort: 0xCF9, serialPorts: [])
      request.hasBIOS = true
    }

    let plan: BootPlan
    do throws(BootError) {
      plan = try BootPlan(request)
    } catch {
      precondition(!error.description.isEmpty)
      return
    }
    checkPromises(plan)
    if !isBig { checkPlacing(plan, bytes) }
  }

  private func checkPromises(_ plan: BootPlan) {
    for (low, high) in zip(plan.segments, plan.segments.dropFirst()) {
      precondition(low.lastAddress < high.address, "segments overlap or are not sorted")
    }
    for segment in plan.segments {
      // Where guests look for them, in RAM that is reserved.
      let isFirmware =
        [.firmwareTables, .bios].contains(segment.kind) && segment.lastAddress.rawValue < 0x10_0000
      let isDisk =
        segment.kind == .disk
        && plan.memoryMap.entries.contains {
          $0.kind == .reserved && $0.address <= segment.address.rawValue
            && $0.end > segment.lastAddress.rawValue
        }
      precondition(
        isFirmware || isDisk
          || plan.memoryMap.isUsable(segment.address.rawValue, byteCount: segment.memoryByteCount),
        "a segment is not in usable RAM")
      precondition(segment.fileByteCount <= segment.memoryByteCount, "more content than memory")
    }
    precondition(
      plan.segments.contains { $0.kind == .image && $0.contains(plan.entryPoint) },
      "the entry point is not in the image")
    precondition(
      plan.entry.linearInstructionPointer == plan.entryPoint.rawValue, "the processor starts elsewhere")
  }

  private func checkPlacing(_ plan: BootPlan, _ bytes: [UInt8]) {
    do {
      try plan.place(into: memory)
      // What has no offset in the file is not as it was in there: a Linux kernel's real-mode code.
      for segment in plan.segments where segment.kind == .image && !segment.isUnpacked {
        guard let offset = segment.fileOffset else { continue }
        let content = try memory.readBytes(at: segment.address, count: Int(segment.memoryByteCount))
        let start = Int(offset)
        let count = Int(segment.fileByteCount)
        precondition(
          content.prefix(count).elementsEqual(bytes[start..<start + count]), "other content than the file's")
        precondition(content.dropFirst(count).allSatisfy { $0 == 0 }, "memory beyond the content is not zero")
      }
    } catch {
      fatalError("a plan could not be placed: \(error)")
    }
  }
}
