import CLinux

/// Ends the process; terminals get their old state back on the way (atexit).
public func endProcess(status: Int32) -> Never { exit(status) }
