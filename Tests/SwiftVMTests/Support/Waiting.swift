import CLinux
import SwiftVM

/// Lets other threads go on for a while.
func pause(nanoseconds: Int) {
  var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
  // Sound: the pointer is valid for the call.
  unsafe nanosleep(&time, nil)
}

/// Whether machines can run on KVM here; in software they can everywhere.
let canUseKVM = HostDiagnosis().isUsable
