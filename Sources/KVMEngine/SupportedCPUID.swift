internal import Host
internal import KVM
internal import X86

/// The CPUID that KVM supports on this host, asked for on a thread of its own.
///
/// The kernel executes CPUID some 80 times to answer. Where this host is itself a guest each of them
/// leaves it, and the answer takes a millisecond: longer than all else that makes a machine. So it is
/// asked for first, while the image is read.
public final class SupportedCPUID: Sendable {
  private enum Answer {
    case waiting
    case table(CPUIDTable)
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
      result = .table(CPUIDTable(try KVMDevice(path: path).supportedCPUID().map(CPUIDEntry.init)))
    } catch {
      result = .failure(error)
    }
    answer.update { $0 = result }
  }

  /// The answer; waits for it.
  func table() throws(KVMError) -> CPUIDTable {
    let result: Answer = answer.wait { answer in
      if case .waiting = answer { return nil }
      return answer
    }
    switch result {
    case .table(let table): return table
    case .failure(let error): throw error
    case .waiting: return CPUIDTable()
    }
  }
}

extension CPUIDEntry {
  /// As the kernel has it.
  init(_ entry: KVMCPUIDEntry) {
    self.init(
      leaf: entry.function, subleaf: entry.index, isSubleafSignificant: entry.flags & 1 != 0,
      registers: CPUIDRegisters(eax: entry.eax, ebx: entry.ebx, ecx: entry.ecx, edx: entry.edx))
  }

  /// As the kernel wants it.
  var kernelEntry: KVMCPUIDEntry {
    var entry = KVMCPUIDEntry()
    entry.function = leaf
    entry.index = subleaf
    entry.flags = isSubleafSignificant ? 1 : 0
    (entry.eax, entry.ebx, entry.ecx, entry.edx) = (
      registers.eax, registers.ebx, registers.ecx, registers.edx
    )
    return entry
  }
}
