internal import Engine
internal import Host

/// What comes from the console's side and is not for the guest.
extension VirtualMachine {
  /// A key after the escape key.
  func answer(_ command: EscapeKeys.Command) {
    switch command {
    case .quit: stop(.requested)
    case .pressPowerButton: pressPowerButton()
    case .toggleMonitor: Host.writeStandardError("\nswiftvm: \(statusLine)\n")
    case .help: break
    }
  }

  /// The console's output cannot be written any more. A reader that went away ends us as it ends any
  /// program in a pipeline; other failures (a full disk) are a fault that the user must hear of.
  func outputLost(_ error: SystemError) {
    let brokenPipe: Int32 = 32
    let brokenPipeSignal: Int32 = 13
    if error.errno == brokenPipe {
      stop(.signal(brokenPipeSignal))
    } else {
      stop(
        .internalFault(
          "the guest's output cannot be written any more: \(error); "
            + "make room there or send it elsewhere"))
    }
  }
}
