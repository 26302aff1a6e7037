internal import KVM
package import Engine

extension HardwareProcessor {
  /// Makes the guest leave with `VMExit.debug` after each instruction (KVM_SET_GUEST_DEBUG; KVM API
  /// 4.87), for programs that compare engines.
  package func setSingleStep() throws(EngineError) {
    try asEngineError { () throws(KVMError) in try processor.setGuestDebug([.enable, .singleStep]) }
  }
}
