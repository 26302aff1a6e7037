import Host

/// Runs `body` as vCPUs run: on a thread of its own, which takes kicks. The tests' own threads block them.
func onVCPUThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
  let result = Monitor<Swift.Result<Result, any Error>?>(nil)
  try HostThread.start(name: "vcpu", stackByteCount: 2 << 20) {
    let value = Swift.Result { try body() }
    result.update { $0 = value }
  }.join()
  return try result.read { $0 }!.get()
}
