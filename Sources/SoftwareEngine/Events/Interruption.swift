internal import X86

/// Why an instruction did not complete. Nothing of it has happened to the registers yet, but for the
/// iterations of a repeated string instruction that are done.
enum Interruption: Error {
  /// It raised an exception.
  case exception(GuestException)
  /// It needs something from outside: `Interpreter.pendingExit` says what. It is executed again
  /// once the answer is there; for `.emulationFailure` there is none.
  case deviceAccess
}

/// An exception an instruction raised, as far as delivery needs to know it.
struct GuestException: Equatable {
  var vector: ExceptionVector
  /// The error code, for the vectors that push one.
  var errorCode: UInt32?
  /// What CR2 becomes with #PF, and the bits that DR6 gains with #DB.
  var payload: UInt64 = 0
  /// The instruction is done and RIP points past it (a trap: INT3, INTO, single step).
  var isTrap = false
}

extension Interruption {
  static let invalidOpcode = Self.exception(GuestException(vector: .invalidOpcode))
  static let divideError = Self.exception(GuestException(vector: .divideError))
  static let deviceNotAvailable = Self.exception(GuestException(vector: .deviceNotAvailable))
  /// #GP with this error code.
  static func generalProtection(_ code: UInt32 = 0) -> Self {
    .exception(GuestException(vector: .generalProtection, errorCode: code))
  }
  /// #SS with this error code.
  static func stackFault(_ code: UInt32 = 0) -> Self {
    .exception(GuestException(vector: .stackSegmentFault, errorCode: code))
  }
  /// #GP, or #SS where the stack segment is concerned.
  static func segmentFault(_ segment: SegmentName) -> Self {
    segment == .ss ? stackFault() : generalProtection()
  }
  /// #PF at this linear address.
  static func pageFault(_ address: UInt64, _ code: PageFaultErrorCode) -> Self {
    .exception(
      GuestException(
        vector: .pageFault, errorCode: UInt32(truncatingIfNeeded: code.rawValue), payload: address))
  }
}
