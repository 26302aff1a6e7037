internal import Host

extension JSONValue {
  /// Writes the document to a file, which is created or replaced.
  ///
  /// - Throws: `StartError.host` with a sentence that names the file.
  public func write(toFile path: String) throws(StartError) {
    do throws(SystemError) {
      let channel = try FileChannel(path: path)
      let bytes = Array((text + "\n").utf8)
      channel.write(bytes.span.bytes)
      channel.close()
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

/// Writes a message to standard error in one piece.
public func writeStandardError(_ text: String) { Host.writeStandardError(text) }

/// Ends the process.
public func endProcess(status: UInt8) -> Never { Host.endProcess(status: Int32(status)) }
