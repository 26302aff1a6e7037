public import Engine

/// Why a machine could not be started.
public enum StartError: Error, Sendable, CustomStringConvertible {
  /// The configuration cannot be; every mistake in it.
  case configuration([VirtualMachine.Configuration.Mistake])
  /// The image or a module is missing or cannot be booted.
  case image(String)
  /// The engine is not available, or refused.
  case engine(EngineError)
  /// The host refused something else: memory, a socket, a file.
  case host(String)
  /// `start` was called on a machine that was started before.
  case startedBefore

  /// A sentence for each thing that is wrong.
  public var description: String {
    switch self {
    case .configuration(let mistakes): mistakes.map(\.description).joined(separator: "; ")
    case .image(let text), .host(let text): text
    case .engine(let error): error.description
    case .startedBefore: "this machine was started before; make a new one"
    }
  }

  /// The exit status of `swiftvm run` for it (sysexits.h).
  public var exitStatus: UInt8 {
    switch self {
    case .configuration: 64
    case .image: 66
    case .engine: 69
    case .host, .startedBefore: 70
    }
  }
}
