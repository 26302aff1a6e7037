import Boot
import GuestMemory
import Testing

struct BootErrorTests {
  @Test(
    arguments: [
      .unreadable(image: "kernel.bin", offset: 4096, reason: "Input/output error (EIO)"),
      .cutShort(image: "kernel.bin", offset: 4096, wanted: 10, got: 3), .empty(image: "kernel.bin"),
      .unsupported(image: "kernel.bin", what: "a gzip file", advice: "Decompress it first."),
      .malformed(image: "kernel.bin", offset: 64, problem: "program header 0 is wrong"),
      .tooLarge(image: "kernel.bin", byteCount: 10, limit: 5, advice: "Give the guest more memory."),
      .outsideMemory(
        what: "Segment 0 of kernel.bin", address: GuestAddress(0xA0000), byteCount: 4096,
        advice: "Link it elsewhere."),
      .outsideMemory(
        what: "Segment 0 of kernel.bin", address: GuestAddress(.max), byteCount: 2, advice: "Link it."),
      .noRoom(what: "module kernel.bin", byteCount: 10, advice: "Give the guest more memory."),
      .overlap(
        "Segment 0 of kernel.bin", "the stack", at: GuestAddress(0x8000), advice: "Link it elsewhere."),
      .entryOutsideImage(image: "kernel.bin", entry: .max),
      .optionRefused(option: "Module kernel.bin", reason: "A boot sector has no way to receive it."),
      .memory(what: "Segment 0 of kernel.bin", .outOfBounds(GuestAddress(.max), byteCount: .max)),
    ] as [BootError])
  func everyDescriptionIsMadeOfSentencesAndNamesTheFile(error: BootError) {
    #expect(error.description.hasSuffix("."))
    #expect(error.description.contains("kernel.bin"))
    #expect(!error.description.contains(".."))
  }

  @Test func aRangeIsWrittenWithItsLastAddress() {
    let error = BootError.outsideMemory(
      what: "Segment 0", address: GuestAddress(0xA0000), byteCount: 0x1000, advice: "Link it elsewhere.")
    #expect(error.description.contains("(0xa0000…0xa0fff)"))
  }
}
