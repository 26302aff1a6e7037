import CLinux

/// Lets other threads go on for a while.
func pause(nanoseconds: Int) {
  var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
  // Sound: the pointer is valid for the call.
  unsafe nanosleep(&time, nil)
}

/// Whether this process may use KVM: without it a test has no hardware to run on.
let canUseKVM: Bool = {
  // Sound: the string outlives the call.
  unsafe access("/dev/kvm", R_OK | W_OK) == 0
}()
