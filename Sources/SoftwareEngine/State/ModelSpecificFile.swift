internal import X86

/// The model-specific registers of one vCPU that have no place in the state block.
///
/// Those that instructions use have a field; the others are in `stored`, which also keeps what came with
/// a state of another engine and means nothing here, so that it goes back unchanged.
struct ModelSpecificFile {
  var apicBase: UInt64 = 0
  var star: UInt64 = 0
  var lstar: UInt64 = 0
  var cstar: UInt64 = 0
  var fmask: UInt64 = 0
  var kernelGSBase: UInt64 = 0
  var sysenterCS: UInt64 = 0
  var sysenterESP: UInt64 = 0
  var sysenterEIP: UInt64 = 0
  var timeStampAuxiliary: UInt64 = 0
  var timeStampAdjust: UInt64 = 0
  /// What to add to the host's time-stamp counter.
  var timeStampOffset: UInt64
  /// Registers without a field.
  var stored = ModelSpecificRegisters()

  /// The registers after power-on; the time-stamp counter of every vCPU of a machine starts at the same
  /// moment.
  init(_ model: ProcessorModel) {
    timeStampOffset = 0 &- model.timeStampStart
  }

  /// Takes over saved registers. One that was not saved has its value after reset, but for the
  /// time-stamp counter, which goes on.
  mutating func load(_ registers: ModelSpecificRegisters, apicBase: UInt64, timeStamp: UInt64) {
    self.apicBase = apicBase
    stored = registers
    func take(_ register: MSR) -> UInt64 {
      defer { stored[register] = nil }
      return stored[register] ?? 0
    }
    star = take(.star)
    lstar = take(.lstar)
    cstar = take(.cstar)
    fmask = take(.fmask)
    kernelGSBase = take(.kernelGSBase)
    sysenterCS = take(.sysenterCS)
    sysenterESP = take(.sysenterESP)
    sysenterEIP = take(.sysenterEIP)
    timeStampAuxiliary = take(.timeStampAuxiliary)
    timeStampAdjust = take(.timeStampAdjust)
    if let value = stored[.timeStampCounter] { timeStampOffset &+= value &- timeStamp }
    stored[.timeStampCounter] = nil
  }

  /// The registers to be saved. `timeStamp` is the counter's value now.
  func save(timeStamp: UInt64) -> (ModelSpecificRegisters, apicBase: UInt64) {
    var registers = stored
    registers[.star] = star
    registers[.lstar] = lstar
    registers[.cstar] = cstar
    registers[.fmask] = fmask
    registers[.kernelGSBase] = kernelGSBase
    registers[.sysenterCS] = sysenterCS
    registers[.sysenterESP] = sysenterESP
    registers[.sysenterEIP] = sysenterEIP
    registers[.timeStampAuxiliary] = timeStampAuxiliary
    registers[.timeStampAdjust] = timeStampAdjust
    registers[.timeStampCounter] = timeStamp
    return (registers, apicBase)
  }
}
