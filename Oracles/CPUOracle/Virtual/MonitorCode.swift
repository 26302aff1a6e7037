internal import X86

/// Ring 0 of the guest: handlers that note an exception and go on in the exit stub in ring 3, as the
/// signal handler does in a process; and the descriptor tables for it.
enum MonitorCode {
  /// The handlers and the address of each.
  static func make() -> (code: [UInt8], handlers: [UInt64]) {
    var code = StubAssembler(origin: VirtualLayout.monitor)
    let common = code.here
    writeCommon(&code)
    var handlers: [UInt64] = []
    for vector in UInt8(0)..<32 {
      handlers.append(code.here)
      let hasErrorCode = ExceptionVector(rawValue: vector)?.hasErrorCode ?? false
      if !hasErrorCode { code.emit(0x6A, 0) }  // push 0
      code.emit(0x6A, vector)  // push vector
      code.emit(0xE9)  // jmp
      code.emit32(common &- (code.here + 4))
    }
    return (code.bytes, handlers)
  }

  /// On the stack: vector, error code, RIP, CS, RFLAGS, RSP, SS.
  private static func writeCommon(_ code: inout StubAssembler) {
    code.absolute([0x80], reg: 7, NativeState.isActive)  // cmp byte, 0
    code.emit(0)
    code.emit(0x75, 3)  // jne
    code.emit(0xE6, VirtualLayout.exitPort, 0xF4)  // out, al; hlt
    code.emit(0x50)  // push rax
    code.emit(0x48, 0x8B, 0x44, 0x24, 8)  // mov rax, [rsp + 8]
    code.store(0, to: NativeState.vector)
    code.emit(0x48, 0x8B, 0x44, 0x24, 16)
    code.store(0, to: NativeState.errorCode)
    code.emit(0x48, 0x8B, 0x44, 0x24, 24)
    code.store(0, to: NativeState.after + NativeState.rip)
    code.emit(0x0F, 0x20, 0xD0)  // mov rax, cr2
    code.store(0, to: NativeState.faultAddress)
    code.load(0, from: NativeState.resumeAt)
    code.emit(0x48, 0x89, 0x44, 0x24, 24)  // mov [rsp + 24], rax
    code.emit(0x58)  // pop rax
    code.emit(0x48, 0x83, 0xC4, 16)  // add rsp, 16
    code.emit(0x48, 0xCF)  // iretq
  }

  /// The global descriptor table: selectors as Linux has them for ring 3, and the task at 0x40.
  static var globalDescriptors: [UInt64] {
    var table: [UInt64] = [
      0, 0, FlatDescriptors.code64, FlatDescriptors.data, FlatDescriptors.userCode32,
      FlatDescriptors.userData,
      FlatDescriptors.userCode64, 0,
    ]
    let task = SystemDescriptor(
      base: ArenaLayout.task, limit: 0x67,
      attributes: SegmentAttributes(type: SystemSegmentType.busyTSS, isCodeOrData: false))
    table += task.map { [$0.low.rawValue, $0.high] } ?? []
    return table
  }

  static let kernelCodeSelector: UInt64 = 0x10
  static let taskSelector: UInt16 = 0x40

  /// The two halves of an interrupt gate (SDM Vol. 3A, figure 6-8).
  static func gate(_ handler: UInt64, privilegeLevel: UInt64) -> (UInt64, UInt64) {
    let attributes: UInt64 = 0x8E00 | privilegeLevel << 13
    return (
      handler & 0xFFFF | kernelCodeSelector << 16 | attributes << 32 | (handler >> 16 & 0xFFFF) << 48,
      handler >> 32
    )
  }
}
