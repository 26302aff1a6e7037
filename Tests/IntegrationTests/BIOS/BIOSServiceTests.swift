import Engine
import Foundation
import SwiftVM
import Testing

/// What the guests bios-… do not show: keys that only a terminal sends, disks of several sizes, and how the
/// BIOS ends a machine.
struct BIOSServiceTests {
  /// Runs an image by the library.
  private func run(
    _ image: [UInt8], on engine: TestedEngine, input: [UInt8] = [],
    change: (inout VirtualMachine.Configuration) -> Void = { _ in }
  ) async throws -> (outcome: Outcome, output: String) {
    var configuration = VirtualMachine.Configuration(image: .bytes(image, name: "a test"))
    let channel = ScriptedChannel(input: input)
    configuration.console = .channel(channel)
    configuration.timeoutNanoseconds = 60_000_000_000
    configuration.reboots = false
    engine.apply(to: &configuration)
    change(&configuration)
    let outcome = try await VirtualMachine(configuration).run()
    return (outcome, String(decoding: channel.output, as: UTF8.self))
  }

  private func built(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: BuiltGuests.path(name))))
  }

  // MARK: Keys

  /// Bytes as terminals send them, and the keys of a PC (IBM's BIOS, INT 16h AH=00h).
  private static let keys: [(sent: [UInt8], keys: [String])] = [
    (Array("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D".utf8), ["4800", "5000", "4d00", "4b00"]),
    (Array("\u{1B}OP\u{1B}OS\u{1B}OH\u{1B}[F".utf8), ["3b00", "3e00", "4700", "4f00"]),
    (Array("\u{1B}[3~\u{1B}[5~\u{1B}[6~".utf8), ["5300", "4900", "5100"]),
    // Not a key of ours: passed on as it came. So is Alt with a letter.
    (Array("\u{1B}[Z\u{1B}x".utf8), ["011b", "1a5b", "2c5a", "011b", "2d78"]),
    ([0x7F, 0x09, 0x03, 0x1A, 0xE9, 0x00], ["0e08", "0f09", "2e03", "2c1a", "00e9", "0300"]),
  ]

  @Test(arguments: TestedEngine.usableCPUs) func keysOfATerminal(_ engine: TestedEngine) async throws {
    let guest = try built("bios-keys")
    let sent: [UInt8] = Self.keys.flatMap(\.sent)
    let (outcome, output) = try await run(guest, on: engine, input: sent + [0x0D])
    let expected = ["there is a key: 4400", "4400"] + Self.keys.flatMap(\.keys) + ["1c0d"]
    #expect(output.split(separator: "\n").map(String.init) == expected + ["Shift and the like: 0000"])
    #expect(outcome.exitStatus == 0, "\(outcome.sentence)")
  }

  /// Far more than the buffer's 15 keys and the UART's FIFO hold.
  @Test func noneOfManyKeysIsLost() async throws {
    let text = String(repeating: "0123456789", count: 50)
    let (_, output) = try await run(
      built("bios-keys"), on: .software, input: Array(text.utf8) + [0x0A])
    let codes = ["0b30", "0231", "0332", "0433", "0534", "0635", "0736", "0837", "0938", "0a39"]
    let lines = output.split(separator: "\n").dropFirst(2).prefix(500).map(String.init)
    #expect(lines == (0..<500).map { codes[$0 % 10] })
  }

  /// ESC alone is a key once nothing has come behind it for a while.
  @Test(arguments: TestedEngine.usableCPUs) func aLoneEscapeIsAKey(_ engine: TestedEngine) async throws {
    // mov ah, 0; int 16h; out f4h, al
    let (outcome, _) = try await run(
      [0xB4, 0x00, 0xCD, 0x16, 0xE6, 0xF4], on: engine, input: [0x1B])
    #expect(outcome.exitStatus == 0x1B, "\(outcome.sentence)")
  }

  /// Who waits for a key sleeps: the timer's ticks are all that happens.
  @Test(arguments: TestedEngine.usable) func waitingForAKeyIsSleep(_ engine: TestedEngine) async throws {
    // mov ah, 0; int 16h; out f4h, al
    let (outcome, _) = try await run([0xB4, 0x00, 0xCD, 0x16, 0xE6, 0xF4], on: engine) {
      $0.timeoutNanoseconds = 1_000_000_000
    }
    #expect(outcome.exitStatus == 124)
    // Two dozen accesses for each of 18 ticks; asking all the time would be some ten thousand.
    #expect(outcome.exits < 2000)
  }

  // MARK: The rest

  /// INT 14h: a byte comes by the serial port and the next one goes back; there is no second port.
  @Test(arguments: TestedEngine.usableCPUs) func theSerialPortByTheBIOS(_ engine: TestedEngine) async throws {
    let code: [UInt8] = [
      0x31, 0xD2, 0xB4, 0x02, 0xCD, 0x14,  // xor dx, dx; mov ah, 2; int 14h
      0x40, 0xB4, 0x01, 0xCD, 0x14,  // inc ax; mov ah, 1; int 14h
      0x42, 0xB4, 0x03, 0xCD, 0x14,  // inc dx; mov ah, 3; int 14h
      0x88, 0xE0, 0xE6, 0xF4,  // mov al, ah; out f4h, al
    ]
    let (outcome, output) = try await run(code, on: engine, input: [UInt8(ascii: "A")])
    #expect(output == "B" && outcome.exitStatus == 0x80, "\(outcome.sentence)")
  }

  /// INT 11h: one serial port, 80 columns, a coprocessor. INT 17h: no printer. INT 21h: no DOS, so carry.
  @Test(arguments: TestedEngine.usableCPUs) func whatIsThereAndWhatIsNot(_ engine: TestedEngine) async throws
  {
    for (code, status) in [
      ([0xCD, 0x11], 0x22), ([0xCD, 0x11, 0x88, 0xE0], 0x02),  // int 11h; mov al, ah
      ([0xB4, 0x02, 0xCD, 0x17, 0x88, 0xE0], 0x01),  // mov ah, 2; int 17h; mov al, ah
      ([0xF8, 0xCD, 0x21, 0xB0, 0x00, 0x10, 0xC0], 0x01),  // clc; int 21h; mov al, 0; adc al, al
    ] as [([UInt8], UInt8)] {
      // out f4h, al
      let (outcome, _) = try await run(code + [0xE6, 0xF4], on: engine)
      #expect(outcome.exitStatus == status, "\(code): \(outcome.sentence)")
    }
  }

  // MARK: Screen

  /// The terminal shows what is on the screen.
  @Test(arguments: TestedEngine.usableCPUs) func theTerminalShowsTheScreen(_ engine: TestedEngine)
    async throws
  {
    let (outcome, output) = try await run(built("bios-screen"), on: engine)
    #expect(outcome.exitStatus == 0)
    var screen = TextScreen()
    // One cell for each character: the terminal of the test knows bytes.
    screen.show(output.unicodeScalars.map { $0.isASCII ? UInt8($0.value) : UInt8(ascii: "#") })
    var expected = [String](repeating: "", count: 25)
    expected[1] = "          " + String(repeating: "-", count: 40)
    expected[2] = "                    AB"
    expected[4] = "                    ###"
    expected[22] = "X"
    expected[23] = "as it should be"
    #expect(screen.lines == expected, "\(screen.text)")
  }

  // MARK: Disks

  /// The sectors of a floppy disk, and what function 8 says of it.
  @Test(arguments: TestedEngine.usableCPUs) func aFloppyDiskIsRead(_ engine: TestedEngine) async throws {
    var image = try built("bios-disk")
    image += [UInt8](repeating: 0, count: (1440 << 10) - image.count)
    image[2 * 512 - 2] = 0x34
    image[2 * 512 - 1] = 0x12
    let (outcome, output) = try await run(image, on: engine)
    #expect(outcome.exitStatus == 0)
    #expect(
      output.split(separator: "\n").map(String.init) == [
        "heads and sectors: 0212", "the first sector: aa55", "the next: 1234", "sector 0: no, 0001",
        "head 255: no, 0001", "255 sectors: no, 0001", "to write: no, 0003",
      ])
  }

  /// Packets (INT 13h AH=42h) count sectors without heads: the last one of 2 MiB is read, the next is not there.
  @Test(arguments: TestedEngine.usableCPUs) func aHardDiskIsReadByPackets(_ engine: TestedEngine) async throws
  {
    // Reads the sector of the packet to 0000:8000 and shows its first byte, or the reason; then the next.
    var code: [UInt8] = [
      0x31, 0xC0, 0x8E, 0xD8, 0xFC,  // xor ax, ax; mov ds, ax; cld
      0xBE, 0x80, 0x7C,  // mov si, 0x7c80
      0xB4, 0x42, 0xCD, 0x13,  // mov ah, 0x42; int 13h
      0x88, 0xE0, 0x72, 0x03,  // mov al, ah; jc +3
      0xA0, 0x00, 0x80,  // mov al, [0x8000]
      0xE6, 0xE9,  // out e9h, al
      0xFF, 0x06, 0x88, 0x7C,  // inc word [0x7c88]
      0xB4, 0x42, 0xCD, 0x13, 0x88, 0xE0, 0x72, 0x03, 0xA0, 0x00, 0x80, 0xE6, 0xE9,
      0xFA, 0xF4,  // cli; hlt
    ]
    code += [UInt8](repeating: 0, count: (2 << 20) - code.count)
    let packet: [UInt8] = [16, 0, 1, 0, 0x00, 0x80, 0, 0, 0xFF, 0x0F, 0, 0, 0, 0, 0, 0]
    code.replaceSubrange(0x80..<0x90, with: packet)
    code.replaceSubrange(510..<512, with: [0x55, 0xAA])
    code[(2 << 20) - 512] = UInt8(ascii: "Z")
    let (outcome, output) = try await run(code, on: engine)
    #expect(outcome.exitStatus == 0, "\(outcome.sentence)")
    #expect(Array(output.utf8) == [UInt8(ascii: "Z"), 4])
  }

  // MARK: Endings

  /// An exception without a handler: a line says which and where, and the report has the registers.
  @Test(arguments: TestedEngine.usableCPUs) func anExceptionIsToldAndEndsIt(_ engine: TestedEngine)
    async throws
  {
    let cases: [(code: [UInt8], vector: Int, place: String)] = [
      ([0x31, 0xC9, 0xF7, 0xF1], 0, "0002"),  // xor cx, cx; div cx
      ([0x90, 0xCC], 3, "0001"),  // nop; int3
      ([0x0F, 0x0B], 6, "0000"),  // ud2
      ([0xBE, 0xFF, 0xFF, 0xAD], 13, "0003"),  // mov si, 0xffff; lodsw
      ([0xCD, 0x01], 1, "0000"),  // int 1
    ]
    for (code, vector, place) in cases {
      let (outcome, output) = try await run(code, on: engine)
      #expect(
        output == "\r\nBIOS: exception \(vector) at 1000:\(place), and the guest has no handler for it.\r\n")
      #expect(outcome.exitStatus == 100, "\(outcome.sentence)")
      let report = try #require(outcome.crash)
      // An AMD host's KVM resets a vCPU on a triple fault.
      if report.vcpus.first?.isAfterReset != true {
        #expect(report.hints.contains { $0.contains("BIOS") }, "\(report.hints)")
      }
    }
  }

  /// Loaders that give up, and those that start all over.
  @Test(arguments: TestedEngine.usableCPUs) func bootingFailsOrBeginsAnew(_ engine: TestedEngine) async throws
  {
    let (gaveUp, output) = try await run([0xCD, 0x18], on: engine)
    #expect(gaveUp.exitStatus == 103 && output.contains("INT 18h"))
    for code in [[0xCD, 0x19], [0xEA, 0x00, 0x00, 0xFF, 0xFF], [0xEA, 0x5B, 0xE0, 0x00, 0xF0]] as [[UInt8]] {
      let (outcome, _) = try await run(code, on: engine)
      #expect(outcome.exitStatus == 104, "\(outcome.sentence)")
    }
  }

  /// Without it the vectors are zero, as they were on the machine's first day.
  @Test func thereIsNoneWhereNoneIsWanted() async throws {
    // xor ax, ax; mov ds, ax; mov al, [0x42]; or al, [0x41]; or al, [0x40]; out f4h, al
    let code: [UInt8] = [
      0x31, 0xC0, 0x8E, 0xD8, 0xA0, 0x42, 0, 0x0A, 0x06, 0x41, 0, 0x0A, 0x06, 0x40, 0, 0xE6, 0xF4,
    ]
    let (without, _) = try await run(code, on: .software) { $0.bios = .none }
    #expect(without.exitStatus == 0)
    let (with, _) = try await run(code, on: .software)
    #expect(with.exitStatus != 0)
  }
}
