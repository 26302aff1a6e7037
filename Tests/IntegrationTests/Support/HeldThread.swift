import CLinux
import Foundation
import Host

/// Holds one thread of a child process still, as a debugger does, while the others go on: to the rest of its
/// process the thread is in a call that never returns. It dies with the process.
final class HeldThread: Sendable {
  struct Failure: Error, CustomStringConvertible { var description: String }

  /// The number of the held thread.
  let thread: Int32
  private let tracer: HostThread

  /// Holds the thread of this name; returns once it stands. It is to be in an endless loop by then or soon, and is
  /// not held before: in a write, or with a lock, it would hold up others as well.
  init(_ name: String, of process: Int32) throws {
    let thread = try Self.find(name, of: process)
    self.thread = thread
    let start = Self.ticks(of: thread, process)
    let isBusy = eventually { Self.ticks(of: thread, process) >= start + 5 }
    guard isBusy else { throw Failure(description: "thread \(thread) computes nothing") }
    let result = Monitor<String?>(nil)
    // Requests must come from the thread that began to trace, which also has to take notice of the end.
    tracer = try HostThread.start(name: "test-tracer") {
      let failure = Self.hold(thread)
      result.update { $0 = failure ?? "" }
      if failure == nil { Self.waitForEnd(of: thread) }
    }
    let failure = result.wait { $0 }
    guard failure.isEmpty else { throw Failure(description: failure) }
  }

  /// Waits until the thread is dead.
  func waitForEnd() { tracer.join() }

  private static func find(_ name: String, of process: Int32) throws -> Int32 {
    let folder = "/proc/\(process)/task"
    for entry in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let text = try? String(contentsOfFile: "\(folder)/\(entry)/comm", encoding: .utf8)
      if text == name + "\n", let thread = Int32(entry) { return thread }
    }
    throw Failure(description: "process \(process) has no thread \(name)")
  }

  /// For how many clock ticks the thread was on a processor (proc(5), `stat`: utime and stime).
  private static func ticks(of thread: Int32, _ process: Int32) -> Int {
    let text = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/stat", encoding: .utf8)
    // The name in parentheses comes second; what follows it has no blanks in it.
    let fields = text?.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12 else { return 0 }
    return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
  }

  /// Why it failed, or nil.
  private static func hold(_ thread: Int32) -> String? {
    let (seize, interrupt): (Int, Int) = (0x4206, 0x4207)  // <linux/ptrace.h>
    for request in [seize, interrupt] where trace(request, thread) != 0 {
      return "ptrace request \(request) of thread \(thread) failed: \(SystemError.text(of: currentErrno()))"
    }
    let status = wait(for: thread)
    // What WIFSTOPPED of <sys/wait.h> does.
    return status.map { $0 & 0xFF == 0x7F } == true ? nil : "thread \(thread) did not stop"
  }

  /// Until nothing is left to wait for: a dead thread that is traced stays until its tracer has seen it.
  private static func waitForEnd(of thread: Int32) {
    while let status = wait(for: thread), status & 0xFF == 0x7F {}
  }

  /// The status that waitpid gives; nil where it fails.
  private static func wait(for thread: Int32) -> Int32? {
    var status: Int32 = 0
    // Sound: the pointer is valid for the call.
    while unsafe waitpid(thread, &status, Int32(bitPattern: UInt32(__WALL))) < 0 {
      if currentErrno() != EINTR { return nil }
    }
    return status
  }

  /// ptrace(2), which takes a variable number of arguments and so is not imported.
  private static func trace(_ request: Int, _ thread: Int32) -> Int {
    typealias Function = @convention(c) (Int, Int, Int, Int) -> Int
    // Sound: the C library has this function, and takes all four arguments in registers.
    guard let address = unsafe dlsym(nil, "ptrace") else { return -1 }
    return unsafe unsafeBitCast(address, to: Function.self)(request, Int(thread), 0, 0)
  }
}
