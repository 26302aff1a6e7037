internal import CLinux
public import Engine
public import GuestMemory
internal import Host
public import X86

extension SoftwareProcessor {
  /// A vCPU that is the helper of another engine's. It has its own memory of decoded code, so that it may
  /// run while the helpers of other vCPUs do.
  ///
  /// - Parameters:
  ///   - index: the vCPU's number.
  ///   - memory: the guest's memory, which the other engine maps too.
  ///   - identification: what the guest was told by CPUID; nil for what the software CPU tells.
  ///   - processorCount: how many vCPUs the machine has.
  /// - Throws: where the host has no memory for the map of decoded pages, or, if CPUID tells of the software
  ///   CPU, allows no code to be made at run time.
  public static func assistant(
    index: Int, memory: GuestMemory, identification: CPUIDTable?, processorCount: Int
  ) throws(EngineError) -> SoftwareProcessor {
    let end = memory.regions.map { $0.base.rawValue &+ $0.byteCount }.max() ?? 0
    let codeCache: CodeCache
    do throws(SystemError) {
      codeCache = try CodeCache(memoryEnd: end)
    } catch {
      throw EngineError(error.description, errno: error.errno)
    }
    // Told of KVM's CPU, a guest can be left to KVM for what cannot be executed here.
    if identification == nil { try codeCache.native.requireAvailability() }
    let model =
      identification.map {
        ProcessorModel($0, timeStampFrequency: HostIdentification.current.timeStampFrequency)
      }
      // The counter starts with the host's: some hosts' KVM shows user mode that one, whatever it is told.
      ?? ProcessorModel(index: index, processorCount: processorCount, timeStampStart: 0)
    let interpreter = Interpreter(
      index: index, memory: PhysicalMemory(memory), model: model, codeCache: codeCache)
    return SoftwareProcessor(index: index, interpreter: interpreter)
  }
}
