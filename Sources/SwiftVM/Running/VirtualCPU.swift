internal import Devices
internal import Engine
internal import Host

/// One vCPU of a running machine and the loop that its thread spends its life in.
///
/// This file is where to look for "what happens on an exit", for every engine.
///
/// The class is not generic over the engine's processor, only its loop is: that makes the loop as fast
/// as one written for the engine, and spares the start of the program the making of generic types.
final class VirtualCPU: Sendable {
  let processor: any Processor
  /// What the vCPUs of one machine share.
  let machine: SharedParts
  /// The last exits; only the vCPU's own thread touches it until that thread has ended.
  let history = ExitHistory()
  /// What is left of the vCPU once its thread has ended.
  let ending = Lock<Ending?>(nil)

  /// Brings interrupts to the processor where the interrupt controllers are not the engine's.
  let delivery: InterruptDelivery?

  init(processor: any Processor, machine: SharedParts) {
    self.processor = processor
    self.machine = machine
    delivery = machine.localController(ofVCPU: processor.index).map {
      InterruptDelivery(processor: processor, local: $0)
    }
  }

  /// Why `advance` came back.
  enum Pause {
    /// The vCPU has nothing to execute until it is woken; see `InterruptDelivery.Sleep`.
    case asleep(isForGood: Bool)
    /// Other vCPUs of this thread come first.
    case turnOver
    /// The machine stops, and what is left of the vCPU is kept.
    case ended
  }

  /// The life of a vCPU that has a thread of its own: runs the guest until the machine stops.
  ///
  /// - Parameter processor: the vCPU's processor, by its own type.
  func run(_ processor: some Processor) {
    processor.bindToCurrentThread()
    while true {
      switch advance(processor) {
      case .turnOver: break
      case .ended: return
      case .asleep(let isForGood): guard sleep(isForGood: isForGood) else { return captureStateIfWanted() }
      }
    }
  }

  /// Waits until the vCPU is woken. False: the machine stops.
  private func sleep(isForGood: Bool) -> Bool {
    machine.gate.sleep(vcpu: processor.index, isForGood: isForGood) { machine.control.requestStop(.halted) }
  }

  /// Runs the guest until the thread has something else to do.
  ///
  /// A request to pause or stop is only looked at on `.interrupted`: by then the engine has taken
  /// up the data of the exit before, so that the vCPU rests at an instruction boundary. Who wants
  /// attention calls `kick`, and the loop pays nothing for it on other exits.
  ///
  /// - Parameter processor: the vCPU's processor, by its own type.
  @inline(__always)
  func advance(_ processor: some Processor) -> Pause {
    let ports = machine.ports
    let memory = machine.memory(ofVCPU: processor.index)
    var portCursor = BusCursor()
    var memoryCursor = BusCursor()
    defer {
      ports.collect(&portCursor)
      memory.collect(&memoryCursor)
    }
    if let pause = prepareEntry() { return pause }
    while true {
      let exit: VMExit
      do throws(EngineError) {
        exit = try processor.run()
      } catch {
        die(.internalFault(error.description))
        return .ended
      }
      switch exit {
      case .portIO(let access):
        history.record(access, value: ports.perform(access, at: &portCursor))
      case .mmio(let access):
        history.record(access, value: memory.perform(access, at: &memoryCursor))
      default:
        if let pause = answer(exit) { return pause }
      }
    }
  }

  /// Answers the exits that are not the data path. Apart from the loop, which stays so small that little of
  /// it is lost from the processor's caches on each trip through the kernel.
  ///
  /// - Returns: nil where the guest goes on.
  @inline(never)
  private func answer(_ exit: VMExit) -> Pause? {
    switch exit {
    case .portIO, .mmio:
      return nil  // The loop's own.
    case .interrupted:
      guard machine.gate.answer() else {
        captureStateIfWanted()
        return .ended
      }
      return prepareEntry()
    case .turnOver:
      return .turnOver
    case .halt:
      history.record(.halt)
      return halt()
    case .interruptWindow:
      history.record(.interruptWindow)
      return prepareEntry()
    case .taskPriorityLowered:
      history.record(.taskPriority)
      return prepareEntry()
    case .readRegister(let register):
      history.record(.readRegister, detail: UInt64(register.rawValue))
      read(register)
    case .writeRegister(let register, let value):
      history.record(.writeRegister, detail: UInt64(register.rawValue))
      return write(register, value)
    case .hypercall(let number):
      // No hypercall is offered to the guest: KVM answers its own, the rest is an error to it.
      history.record(.hypercall, detail: number)
    case .systemEvent(let type, let detail):
      history.record(.systemEvent, detail: UInt64(type))
      answer(systemEvent: type, detail: detail)
    case .debug(let event):
      history.record(.debug, detail: event.address)
    case .shutdown:
      history.record(.shutdown)
      die(.tripleFault(vcpu: processor.index))
      return .ended
    case .failedEntry(let reason):
      history.record(.failedEntry, detail: reason)
      die(.failedEntry(vcpu: processor.index, reason: reason))
      return .ended
    case .emulationFailure(let failure):
      history.record(.emulationFailure, detail: UInt64(failure.code))
      die(.emulationFailure(vcpu: processor.index, failure))
      return .ended
    case .unknown(let reason):
      history.record(.unknown, detail: UInt64(reason))
      die(.internalFault(Self.unknownExit(reason, vcpu: processor.index)))
      return .ended
    }
    return nil
  }
}
