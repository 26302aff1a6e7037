internal import Host
internal import KVM

/// The CPUID that KVM supports on this host, asked for on a thread of its own.
///
/// The kernel executes CPUID some 80 times to answer. Where this host is itself a guest each of them
/// leaves it, and the answer takes a millisecond: longer than all else that makes a machine. So it is
/// asked for first, and waited for as late as possible.
public final class SupportedCPUID: Sendable {
  private enum Answer {
    case waiting
    case entries([KVMCPUIDEntry])
    case failure(KVMError)
  }

  private let path: String
  private let answer = Monitor<Answer>(.waiting)

  /// Begins to ask the KVM at `path`.
  public init(path: String = "/dev/kvm") {
    self.path = path
    do throws(SystemError) {
      // Kept by its own reference until it has answered.
      _ = try HostThread.start(name: "swiftvm-cpuid", stackByteCount: 128 << 10) { self.ask() }
    } catch {
      // Without a thread it is asked here: slower, not worse.
      ask()
    }
  }

  private func ask() {
    let result: Answer
    do throws(KVMError) {
      result = .entries(try KVMDevice(path: path).supportedCPUID())
    } catch {
      result = .failure(error)
    }
    answer.update { $0 = result }
  }

  /// The entries; waits for them.
  func entries() throws(KVMError) -> [KVMCPUIDEntry] {
    let result: Answer = answer.wait { answer in
      if case .waiting = answer { return nil }
      return answer
    }
    switch result {
    case .entries(let entries): return entries
    case .failure(let error): throw error
    case .waiting: return []
    }
  }
}
