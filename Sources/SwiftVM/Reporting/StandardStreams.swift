internal import Host

// What a command needs of the host besides a machine, so that it can be a client of this module alone.

/// Makes sure that no file which is opened later gets the number of a standard stream that the
/// process was started without. Call it first of all.
public func reserveStandardDescriptors() { Host.reserveStandardDescriptors() }

/// Writes a message to standard error in one piece; correct also while the terminal is raw.
public func writeStandardError(_ text: String) { Host.writeStandardError(text) }

/// Writes text to standard output. False: it could not be written.
@discardableResult
public func writeStandardOutput(_ text: String) -> Bool { Host.writeStandardOutput(text) }

/// Ends the process with this status.
public func endProcess(status: UInt8) -> Never { Host.endProcess(status: Int32(status)) }
