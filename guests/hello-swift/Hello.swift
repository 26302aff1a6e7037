// A guest in Embedded Swift: the language without its runtime library. Structures, generics,
// enumerations and static strings all work; nothing here needs a heap.
import Ports

/// The 16550A UART at COM1.
struct SerialPort {
  let base: UInt16

  func send(_ byte: UInt8) {
    // Bit 5 of the line status register says that there is room for another byte.
    while read_port8(base + 5) & 0x20 == 0 {}
    write_port8(base, byte)
  }

  func print(_ text: StaticString) {
    text.withUTF8Buffer { for byte in $0 { send(byte) } }
  }

  func print(_ number: some UnsignedInteger) {
    if number >= 10 { print(number / 10) }
    send(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
  }
}

/// How wide the processor's registers are in each mode.
enum Mode {
  case real, protected, long

  var bits: UInt {
    switch self {
    case .real: 16
    case .protected: 32
    case .long: 64
    }
  }
}

@c(guest_main)
func guestMain() {
  let serial = SerialPort(base: 0x3f8)
  serial.print("Hello from Embedded Swift in ")
  serial.print(Mode.long.bits)
  serial.print("-bit long mode.\n")
}
