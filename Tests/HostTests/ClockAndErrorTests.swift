import CLinux
import Host
import Testing

@Suite struct ClockAndErrorTests {
  @Test func theMonotonicClockNeverRunsBackwards() {
    var last: UInt64 = 0
    for _ in 0..<10_000 {
      let now = HostClock.monotonicNanoseconds
      #expect(now >= last && now > 0)
      last = now
    }
  }

  @Test func theWallClockAgreesWithTheCLibrary() {
    let before = time(nil)
    let wall = HostClock.wallClockNanoseconds / 1_000_000_000
    let after = time(nil)
    // time(2) may read a coarser clock: a second of slack below.
    #expect(wall >= Int64(before) - 1 && wall <= Int64(after) + 1)
  }

  @Test func anErrorReadsAsASentence() {
    #expect(
      SystemError("open /dev/kvm", errno: EACCES).description == "open /dev/kvm: Permission denied (EACCES)")
    #expect(
      SystemError("open /dev/kvm", errno: EACCES, advice: "join the group kvm").description
        == "open /dev/kvm: Permission denied (EACCES); join the group kvm")
    #expect(SystemError.name(of: 4095) == "4095")
  }

  @Test func theErrorNumberSurvivesTheMakingOfItsText() {
    _ = close(-1)
    let error = SystemError.last(
      {
        _ = unsafe access("/no/such/file", F_OK); return "close -1"
      }())
    #expect(error.errno == EBADF)
  }

  @Test func signalsHaveNames() {
    #expect(Signal.terminate.description == "SIGTERM")
    #expect(Signal(rawValue: SIGUSR1).description == "SIGUSR1")
    #expect(Signal(rawValue: 1000).description == "signal 1000")
  }
}
