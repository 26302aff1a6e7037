import Engine
import Host
import Testing

@testable import Devices

/// The PIC pair against the 8259A data sheet.
@Suite struct PIC8259Tests {
  /// A pair with vectors 0x20 and 0x28, and the changes of its output.
  private final class Bench: Sendable {
    let pic: PIC8259
    private let log: Log

    init(icw4: UInt8 = 0x01) {
      let log = Log()
      self.log = log
      pic = PIC8259 { log.append($0) }
      for (base, vectors) in [(0x20 as UInt64, 0x20 as UInt8), (0xA0, 0x28)] {
        for (offset, value) in [(0 as UInt64, 0x11 as UInt8), (1, vectors), (1, 4), (1, icw4)] {
          pic.write8(base + offset, value)
        }
      }
    }

    private final class Log: Sendable {
      let changes = Lock<[Bool]>([])
      func append(_ level: Bool) { changes.withLock { $0.append(level) } }
    }

    var changes: [Bool] { log.changes.withLock { $0 } }
    func pulse(_ line: UInt8) {
      pic.setLine(line, level: true)
      pic.setLine(line, level: false)
    }
    func inService(_ base: UInt64 = 0x20) -> UInt8 {
      pic.write8(base, 0x0B)
      return pic.read8(base)
    }
    func requests(_ base: UInt64 = 0x20) -> UInt8 {
      pic.write8(base, 0x0A)
      return pic.read8(base)
    }
  }

  @Test func anEdgeIsAcknowledgedOnce() {
    let bench = Bench()
    bench.pic.setLine(3, level: true)
    #expect(bench.changes == [true])
    #expect(bench.requests() == 1 << 3)
    #expect(bench.pic.acknowledge() == 0x23)
    #expect(bench.changes == [true, false])
    #expect(bench.requests() == 0)
    #expect(bench.inService() == 1 << 3)
    bench.pic.write8(0x20, 0x20)
    #expect(bench.inService() == 0)
    #expect(bench.changes == [true, false], "the line is still up, and that is no edge")
    #expect(bench.pic.acknowledge() == nil)
  }

  @Test func aLevelAsksAgainUntilItFalls() {
    let bench = Bench()
    bench.pic.write8(0x4D0, 0x20)
    bench.pic.setLine(5, level: true)
    #expect(bench.pic.acknowledge() == 0x25)
    bench.pic.write8(0x20, 0x20)
    #expect(bench.changes == [true, false, true])
    bench.pic.setLine(5, level: false)
    #expect(bench.changes == [true, false, true, false])
  }

  @Test func theTriggersOfSomeInputsCannotBeChosen() {
    let bench = Bench()
    bench.pic.write8(0x4D0, 0xFF)
    bench.pic.write8(0x4D1, 0xFF)
    #expect(bench.pic.read8(0x4D0) == 0xF8)
    #expect(bench.pic.read8(0x4D1) == 0xDE)
  }

  @Test func lowerNumbersComeFirstAndInterruptHigherOnes() {
    let bench = Bench()
    bench.pulse(6)
    #expect(bench.pic.acknowledge() == 0x26)
    bench.pulse(7)
    #expect(bench.pic.acknowledge() == nil)
    bench.pulse(1)
    #expect(bench.pic.acknowledge() == 0x21)
    #expect(bench.inService() == 0x42)
    // A non-specific end is for the highest one.
    bench.pic.write8(0x20, 0x20)
    #expect(bench.inService() == 0x40)
    bench.pic.write8(0x20, 0x20)
    #expect(bench.pic.acknowledge() == 0x27)
  }

  @Test func theSlaveComesThroughInputTwo() {
    let bench = Bench()
    bench.pic.setLine(12, level: true)
    #expect(bench.pic.acknowledge() == 0x2C)
    #expect(bench.inService(0x20) == 1 << 2)
    #expect(bench.inService(0xA0) == 1 << 4)
    // A higher one of the slave has to wait for the master's end of interrupt in normal nesting.
    bench.pulse(8)
    #expect(bench.pic.acknowledge() == nil)
    bench.pic.write8(0x20, 0x20)
    #expect(bench.pic.acknowledge() == 0x28)
  }

  @Test func inSpecialFullyNestedModeTheSlaveInterruptsItself() {
    let bench = Bench(icw4: 0x11)
    bench.pulse(12)
    #expect(bench.pic.acknowledge() == 0x2C)
    bench.pulse(8)
    #expect(bench.pic.acknowledge() == 0x28)
  }

  @Test func aRequestThatWentAwayIsAnsweredAsTheLastInput() {
    let bench = Bench()
    bench.pic.setLine(12, level: true)
    // The slave is masked between its request and the acknowledge cycle.
    bench.pic.write8(0xA1, 0xFF)
    #expect(bench.pic.acknowledge() == 0x2F)
    #expect(bench.inService(0xA0) == 0, "nothing is in service for a spurious interrupt")
    #expect(bench.inService(0x20) == 1 << 2, "but for the master it was one")
  }

  @Test func aMaskHoldsBackAndLetsGo() {
    let bench = Bench()
    bench.pic.write8(0x21, 0xFF)
    bench.pulse(4)
    #expect(bench.changes == [])
    #expect(bench.pic.read8(0x21) == 0xFF)
    bench.pic.write8(0x21, 0xEF)
    #expect(bench.pic.acknowledge() == 0x24)
  }

  @Test func anInterruptEndsByItself() {
    let bench = Bench(icw4: 0x03)
    bench.pulse(4)
    bench.pulse(5)
    #expect(bench.pic.acknowledge() == 0x24)
    #expect(bench.inService() == 0)
    #expect(bench.pic.acknowledge() == 0x25)
  }

  /// The slave's output falls in each acknowledge cycle: what it has besides is a new edge.
  @Test func theSlaveHasMoreThanOne() {
    let bench = Bench(icw4: 0x03)
    bench.pulse(9)
    bench.pulse(10)
    bench.pulse(11)
    #expect(
      [bench.pic.acknowledge(), bench.pic.acknowledge(), bench.pic.acknowledge()] == [0x29, 0x2A, 0x2B])
    #expect(bench.pic.acknowledge() == nil)
  }

  @Test func prioritiesRotate() {
    let bench = Bench()
    bench.pulse(4)
    #expect(bench.pic.acknowledge() == 0x24)
    bench.pic.write8(0x20, 0xA0)  // end it, and it becomes the lowest
    bench.pulse(4)
    bench.pulse(5)
    #expect(bench.pic.acknowledge() == 0x25)
    bench.pic.write8(0x20, 0x65)  // the specific end
    #expect(bench.inService() == 0)
    bench.pic.write8(0x20, 0xC3)  // input 3 is the lowest
    bench.pulse(3)
    #expect(bench.pic.acknowledge() == 0x24)
    bench.pic.write8(0x20, 0xE4)  // end 4, which is the lowest now
    #expect(bench.inService() == 0)
    bench.pulse(5)
    bench.pulse(4)
    #expect(bench.pic.acknowledge() == 0x25)
  }

  @Test func prioritiesRotateAtTheAutomaticEnd() {
    let bench = Bench(icw4: 0x03)
    bench.pic.write8(0x20, 0x80)
    bench.pulse(2 + 1)
    #expect(bench.pic.acknowledge() == 0x23)
    bench.pulse(3)
    bench.pulse(6)
    #expect(bench.pic.acknowledge() == 0x26)
    bench.pic.write8(0x20, 0x00)
    bench.pulse(0)
    #expect(bench.pic.acknowledge() == 0x20)
    bench.pulse(0)
    bench.pulse(1)
    #expect(bench.pic.acknowledge() == 0x20, "rotation was switched off")
  }

  /// Data sheet, "Special Mask Mode": a masked input in service holds back nobody.
  @Test func theSpecialMaskLetsLowerOnesThrough() {
    let bench = Bench()
    bench.pulse(4)
    #expect(bench.pic.acknowledge() == 0x24)
    bench.pic.write8(0x21, 1 << 4)
    bench.pulse(6)
    #expect(bench.pic.acknowledge() == nil)
    bench.pic.write8(0x20, 0x68)
    #expect(bench.pic.acknowledge() == 0x26)
    // A non-specific end is not for the masked one.
    bench.pic.write8(0x20, 0x20)
    #expect(bench.inService() == 1 << 4)
    bench.pic.write8(0x20, 0x48)
    bench.pic.write8(0x20, 0x20)
    #expect(bench.inService() == 0)
  }

  @Test func aPollIsAnAcknowledgeCycle() {
    let bench = Bench()
    bench.pic.write8(0x20, 0x0C)
    #expect(bench.pic.read8(0x20) & 0x80 == 0)
    bench.pulse(5)
    bench.pic.write8(0x20, 0x0C)
    #expect(bench.pic.read8(0x20) == 0x85)
    #expect(bench.inService() == 1 << 5)
    #expect(bench.changes == [true, false])
    bench.pulse(10)
    bench.pic.write8(0xA0, 0x0C)
    #expect(bench.pic.read8(0xA0) == 0x82)
    #expect(bench.requests(0x20) == 0, "the slave's request went with it")
  }

  @Test func initializingStartsAnew() {
    let bench = Bench(icw4: 0x03)
    bench.pic.write8(0x20, 0xC3)
    bench.pic.write8(0x20, 0x68)
    bench.pic.write8(0x21, 0x55)
    bench.pulse(1)
    bench.pic.write8(0x20, 0x10)  // no ICW4: as if it were 0
    #expect(bench.pic.acknowledge() == nil)
    bench.pic.write8(0x21, 0x40)
    bench.pic.write8(0x21, 0x04)
    bench.pulse(7)
    bench.pulse(0)
    #expect(bench.pic.read8(0x21) == 0)
    #expect(bench.pic.acknowledge() == 0x40)
    #expect(bench.inService() == 1)
  }

  @Test func anythingMayBeWrittenAnywhere() {
    let bench = Bench()
    var random = SeededGenerator(state: 7)
    for _ in 0..<20_000 {
      let offset: UInt64 = [0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1].randomElement(using: &random)!
      let width: AccessWidth = [.byte, .word, .dword].randomElement(using: &random)!
      switch UInt8.random(in: 0..<4, using: &random) {
      case 0: bench.pic.write(.random(in: 0...UInt64.max, using: &random), offset: offset, width: width)
      case 1: _ = bench.pic.read(offset: offset, width: width)
      case 2: bench.pic.setLine(.random(in: 0...255, using: &random), level: .random(using: &random))
      default:
        if let vector = bench.pic.acknowledge() {
          let chips = bench.pic.chips
          #expect([chips.master.vectorBase, chips.slave.vectorBase].contains(vector & 0xF8))
        }
      }
    }
  }
}
