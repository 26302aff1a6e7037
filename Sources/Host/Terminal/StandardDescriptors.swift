import CLinux

/// Makes sure that descriptors 0, 1 and 2 are taken.
///
/// A program may be started with some of them closed. The next file it opens then gets such a number,
/// and what is meant for standard output goes into that file. Where one is closed, /dev/null is opened
/// in the other direction: to use it is an error, as if it were closed. Call it first of all.
public func reserveStandardDescriptors() {
  for descriptor in STDIN_FILENO...STDERR_FILENO where swiftvm_fcntl(descriptor, F_GETFD, 0) == -1 {
    // open gives the lowest free number, which is this one: lower ones were looked at before.
    // Not O_CLOEXEC: the numbers are to be taken in child processes too.
    _ = unsafe swiftvm_open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY, 0)
  }
}
