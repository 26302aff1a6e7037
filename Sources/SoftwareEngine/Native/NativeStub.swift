internal import X86

/// A stub: machine code that loads what one instruction needs from a state block, executes it, and
/// stores what it changed.
struct NativeStub {
  /// Its address.
  fileprivate let entry: UInt
  /// What its caller has to see to.
  let traits: NativeTraits
  /// The guest's general register that it changes; RCX where `traits` says so.
  let writtenGeneral: UInt8?
  /// FOP as it shows the host's encoding.
  let x87Opcode: UInt16

  /// Executes it on `core`.
  ///
  /// - Parameters:
  ///   - memory: where its operand in memory is, aligned if the instruction wants that; nil where it
  ///     has none.
  ///   - flags: RFLAGS for the instructions that take a condition from there.
  /// - Returns: RFLAGS of the instructions that write them; else nothing meaningful.
  /// - Safety: the stub's `NativeCode` must be alive and not have dropped it, and `memory` must be as
  ///   many bytes as the operand has.
  @unsafe @inline(__always)
  func callAsFunction(_ core: Core, memory: UnsafeMutableRawPointer?) -> UInt64 {
    let function = unsafe unsafeBitCast(entry, to: Function.self)
    return unsafe function(core.base, memory)
  }

  private typealias Function =
    @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer?) -> UInt64

  /// Where in the stub an x87 instruction is: what FIP becomes by it.
  var x87InstructionAddress: UInt64 {
    UInt64(entry) &+ (traits.contains(.readsFlags) ? 10 : 8)
  }

  /// Makes the stub of an instruction in `memory`; nil when it is full.
  init?(
    _ encoding: NativeEncoding, _ traits: NativeTraits, isX87: Bool, in memory: ExecutableMemory,
    operands: InlineArray<4, Operand>
  ) {
    let code = isX87 ? Self.x87(encoding, traits) : Self.vector(encoding, traits, operands)
    guard let entry = memory.append(code) else { return nil }
    self.entry = entry
    self.traits = traits
    writtenGeneral = traits.contains(.writesRCX) ? 1 : encoding.writesGeneral ? encoding.generalNumber : nil
    x87Opcode = isX87 ? encoding.x87Opcode : 0
  }

  /// Loads the registers that the instruction names, and stores its destination.
  private static func vector(
    _ encoding: NativeEncoding, _ traits: NativeTraits, _ operands: InlineArray<4, Operand>
  ) -> [UInt8] {
    var stub = StubAssembler()
    for index in 0..<4 {
      switch operands[index] {
      case .vector(let number, _): stub.loadVector(number)
      case .mmx(let number): stub.loadMMX(number)
      default: break
      }
    }
    if traits.contains(.readsXMM0) { stub.loadVector(0) }
    if traits.contains(.readsLengths) {
      stub.loadGeneral(0, from: 0)
      stub.loadGeneral(2, from: 2)
    } else if let number = encoding.generalNumber, !encoding.writesGeneral {
      stub.loadGeneral(0, from: number)
    }
    if traits.contains(.usesMXCSR) { stub.loadMXCSR() }

    encoding.append(to: &stub)

    if traits.contains(.usesMXCSR) {
      stub.storeMXCSR()
      stub.restoreHostMXCSR()
    }
    if let number = encoding.generalNumber, encoding.writesGeneral { stub.storeGeneral(0, to: number) }
    if traits.contains(.writesRCX) { stub.storeGeneral(1, to: 1) }
    // No instruction has both a result in RAX and one in RFLAGS.
    if traits.contains(.writesFlags) { stub.returnFlags() }
    if traits.contains(.writesXMM0) { stub.storeVector(0) }
    switch operands[0] {
    case .vector(let number, _) where !traits.contains(.writesFlags): stub.storeVector(number)
    case .mmx(let number): stub.storeMMX(number)
    default: break
    }
    // MMX registers are the x87's: leave those as C expects them.
    if traits.contains(.usesMMX) { stub.emms() }
    stub.returnToCaller()
    return stub.bytes
  }

  /// Loads the whole x87, executes with the guest's control word, and saves it all again. An exception
  /// that the guest does not mask only stays pending so: neither FXSAVE nor FNINIT waits for it.
  private static func x87(_ encoding: NativeEncoding, _ traits: NativeTraits) -> [UInt8] {
    var stub = StubAssembler()
    stub.loadImage()
    if traits.contains(.readsFlags) { stub.loadFlags() }
    encoding.append(to: &stub)
    if traits.contains(.writesFlags) { stub.returnFlags() }
    stub.storeImage()
    stub.fninit()
    stub.restoreHostMXCSR()
    stub.returnToCaller()
    return stub.bytes
  }
}
