internal import Devices
internal import Engine

/// The page of a vCPU's local APIC, as that vCPU alone sees it.
///
/// The task priority is one value in two places, CR8 and the local APIC's register: it is carried over
/// before each access, and back after it.
final class LocalAPICPage: IODevice {
  let name = "local APIC"
  private let processor: any Processor
  private let port: LocalInterruptPort

  init(processor: any Processor, port: LocalInterruptPort) {
    self.processor = processor
    self.port = port
  }

  func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    port.taskPriority = processor.taskPriority
    return port.read(offset: offset, width: width)
  }

  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    port.taskPriority = processor.taskPriority
    port.write(value, offset: offset, width: width)
    processor.taskPriority = port.taskPriority
  }
}
