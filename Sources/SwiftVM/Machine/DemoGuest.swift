/// The guest that runs where no image is given: guests/demo, built and embedded by
/// scripts/embed-demo-guest.
enum DemoGuest {
  static let bytes: [UInt8] = [0xB0, 0x41, 0xE6, 0xE9, 0xFA, 0xF4]
}
