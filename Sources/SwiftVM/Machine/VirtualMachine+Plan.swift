internal import Boot
internal import Devices
internal import GuestMemory

/// From a configuration to a plan of what is where in memory.
extension VirtualMachine {
  /// Reads the image's headers and decides where everything goes. No engine is needed for that, so
  /// that a wrong image is reported as one everywhere.
  func makePlan(kernelUnpacking: BootRequest.KernelUnpacking) throws(StartError) -> BootPlan {
    let image: any ImageSource
    switch configuration.image {
    case .demo: image = BytesImage(DemoGuest.bytes, name: "the demo guest")
    case .bytes(let bytes, let name): image = BytesImage(bytes, name: name)
    case .file(let path): image = try ImageFile(path: path, limit: configuration.memoryByteCount)
    }
    var modules: [BootRequest.Module] = []
    for module in configuration.modules {
      modules.append(
        BootRequest.Module(
          source: try ImageFile(path: module.path, limit: configuration.memoryByteCount),
          commandLine: module.commandLine))
    }
    var request = BootRequest(
      image: image, memory: PCMemoryLayout(byteCount: configuration.memoryByteCount),
      mode: configuration.mode, commandLine: configuration.commandLine, modules: modules,
      loadAddress: configuration.loadAddress, entry: configuration.entryPoint,
      kernelUnpacking: kernelUnpacking, platform: PlatformDescription(configuration),
      hasBIOS: configuration.bios == .auto)
    request.isUnpackingWorthwhile = { [configuration] in configuration.interpretsKernels }
    if case .demo = configuration.image { request.mode = .long }
    do throws(BootError) {
      return try BootPlan(request)
    } catch {
      throw .image(error.description)
    }
  }
}
