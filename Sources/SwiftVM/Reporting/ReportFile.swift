internal import Host

extension JSONValue {
  /// Writes the document to a file, which is created or replaced.
  ///
  /// - Throws: `StartError.host` with a sentence that names the file.
  public func write(toFile path: String) throws(StartError) {
    do throws(SystemError) {
      let failure = Lock<SystemError?>(nil)
      let channel = try FileChannel(path: path) { error in failure.withLock { $0 = error } }
      let bytes = Array((text + "\n").utf8)
      // Sound: every pattern of bits is a UInt8, and the span does not outlive the call.
      unsafe channel.write(bytes.span.bytes)
      channel.close()
      if let error = failure.withLock({ $0 }) { throw error }
    } catch {
      throw .host("the report cannot be written: \(error)")
    }
  }

  /// The report on a machine that could not be started.
  public static func failedStart(_ error: StartError) -> JSONValue {
    .object([
      ("reason", "not-started"), ("exitStatus", .number(Int64(error.exitStatus))),
      ("sentence", .string(error.description)),
    ])
  }
}
