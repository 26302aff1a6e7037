internal import Engine
internal import KVM

/// Runs `body` and turns its error into the engine vocabulary's.
func asEngineError<Result: ~Copyable>(_ body: () throws(KVMError) -> Result) throws(EngineError) -> Result {
  do throws(KVMError) {
    return try body()
  } catch {
    throw EngineError(error.description, errno: error.errno)
  }
}
