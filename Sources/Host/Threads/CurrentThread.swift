import CLinux

/// The Linux thread ID of the calling thread (gettid).
public func currentThreadID() -> Int32 { gettid() }
