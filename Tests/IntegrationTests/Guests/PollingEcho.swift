/// A guest that sends back every byte of COM1 until the end of a line, as fast as a guest can here:
/// it asks the UART over and over, with its FIFO on, and answers on the debug console.
///
/// serial-echo does the same by interrupts; 100 KiB take it most of a minute where KVM emulates.
enum PollingEcho {
  /// 16-bit code for any address.
  static let image: [UInt8] = [
    0xBA, 0xFA, 0x03,  // mov dx, 0x3fa     FIFO control
    0xB0, 0x01,  // mov al, 1
    0xEE,  // out dx, al               on; this empties it, so nobody may have typed before
    0xB0, 0x3E, 0xE6, 0xE9,  // mov al, '>'; out 0xe9, al
    0xBA, 0xFD, 0x03,  // next: mov dx, 0x3fd     line status
    0xEC, 0xA8, 0x01, 0x74, 0xFB,  // wait: in al, dx; test al, 1; jz wait
    0xBA, 0xF8, 0x03,  // mov dx, 0x3f8     data
    0xEC, 0xE6, 0xE9,  // in al, dx; out 0xe9, al
    0x3C, 0x0A, 0x75, 0xEE,  // cmp al, 0x0a; jne next
    0xFA, 0xF4,  // cli; hlt
  ]

  /// What it says once it may be sent something.
  static let prompt = ">"

  /// A line of at least `count` bytes in which each place can be told from its neighbours.
  static func line(_ count: Int) -> String {
    var text = ""
    var number = 0
    while text.utf8.count < count {
      text += "\(number) "
      number += 1
    }
    return text + "\n"
  }
}
