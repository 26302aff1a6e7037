internal import ArgumentParser
internal import SwiftVM

/// Writes what a command was asked for to standard output.
///
/// - Throws: the status for a fault of the VMM, after one line on standard error, where it cannot be
///   written: a script must not take a cut-off text for the whole.
func deliver(_ text: String) throws(ExitCode) {
  if writeStandardOutput(text) { return }
  writeStandardError(
    "swiftvm: standard output cannot be written to; see whether it is closed or its disk is full.\n")
  throw ExitCode(70)
}
