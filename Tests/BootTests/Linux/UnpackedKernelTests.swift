import Boot
import GuestMemory
import Testing
import X86

/// A bzImage's kernel that the VMM unpacks.
struct UnpackedKernelTests {
  private typealias Unpacking = BootRequest.KernelUnpacking

  private func request(_ bytes: [UInt8], _ unpacking: Unpacking, mode: BootRequest.Mode? = nil) -> BootRequest
  {
    var request = BootTests.request(bytes, mode: mode)
    request.kernelUnpacking = unpacking
    return request
  }

  private func image(of plan: BootPlan) throws -> PlannedSegment { try plan.segment(.image) }

  @Test(arguments: [
    CompressedKernel.payload, CompressedKernel.gzip(CompressedKernel.elf),
  ])
  func isEnteredAsItsDecompressorWould(payload: [UInt8]) throws {
    let file = CompressedKernel.image(payload)
    for unpacking in [.byVMM, .byVMMIfPossible] as [Unpacking] {
      let plan = try BootPlan(request(file, unpacking))
      #expect(plan.format == .linux64)
      #expect(plan.entryPoint == GuestAddress(CompressedKernel.address))
      #expect(plan.entry.mode == .long && plan.entry.rip == CompressedKernel.address)
      #expect(plan.reason.contains("unpacked"))
      #expect(plan.notes.contains { $0.contains("KASLR") })
      let segment = try image(of: plan)
      #expect(segment.isUnpacked && segment.address == GuestAddress(CompressedKernel.address))
      #expect(segment.memoryByteCount == UInt64(CompressedKernel.code.count) + 0x2000)
      // As much memory as it says that it needs, from where it is.
      let workspace = try plan.segment(.workspace)
      #expect(workspace.lastAddress == GuestAddress(CompressedKernel.address + 0xF_FFFF))
      #expect(try plan.content(at: plan.entryPoint, count: 5) == CompressedKernel.code)

      // Twice, as for a machine that starts anew: what was unpacked is given back in between.
      for _ in 0..<2 {
        let memory = try place(plan)
        #expect(try memory.readBytes(at: plan.entryPoint, count: 5) == CompressedKernel.code)
        #expect(
          try memory.readBytes(at: GuestAddress(CompressedKernel.address + 5), count: 0x2000).allSatisfy {
            $0 == 0
          })
        // The zero page has the bzImage's own header.
        let page = try memory.readBytes(at: GuestAddress(plan.entry.general.rsi), count: 4096)
        #expect(page[0x202..<0x206].elementsEqual("HdrS".utf8))
        #expect(page[0x1F1] == file[0x1F1] && page[0x248..<0x250].elementsEqual(file[0x248..<0x250]))
      }
    }
  }

  @Test func isLeftAloneUnlessAskedFor() throws {
    let plan = try BootPlan(request(CompressedKernel.image(), .byGuest))
    #expect(plan.entryPoint == GuestAddress(0x20_0200))
    #expect(try !image(of: plan).isUnpacked)
    #expect(!plan.notes.contains { $0.contains("unpack") })
    // In other modes there is no unpacked kernel.
    for mode in [.protected, .real16] as [BootRequest.Mode] {
      let plan = try BootPlan(request(CompressedKernel.image(), .byVMMIfPossible, mode: mode))
      #expect(!plan.segments.contains { $0.isUnpacked })
    }
    #expect(failure(request(CompressedKernel.image(), .byVMM, mode: .protected))?.kind == "optionRefused")
  }

  /// What cannot be unpacked is left to its own decompressor, with a note, or refused where that was insisted on.
  @Test(arguments: [
    // No payload at all, and one that is too short to be one.
    CompressedKernel.image([]), CompressedKernel.image(Array(CompressedKernel.payload.prefix(11))),
    // bzip2.
    CompressedKernel.image(Array("BZh91AY&SY, and so on".utf8)),
    // More than the guest has memory for.
    CompressedKernel.image(CompressedKernel.lz4(CompressedKernel.elf) + CompressedKernel.number(17 << 20)),
    CompressedKernel.image(CompressedKernel.lz4(CompressedKernel.elf) + CompressedKernel.number(0xFFFF_FFFF)),
    // No ELF file, an ELF file for 32 bits, and one that is damaged.
    CompressedKernel.image(CompressedKernel.lz4([1, 2, 3, 4, 5]) + CompressedKernel.number(5)),
    CompressedKernel.image(CompressedKernel.lz4([]) + CompressedKernel.number(0)),
    CompressedKernel.image(elf: .simple(is64Bit: false)),
    CompressedKernel.image(elf: .simple(at: 0x5000)),
    CompressedKernel.image(elf: .simple(at: .max - 0x100)),
    CompressedKernel.image(
      CompressedKernel.lz4(Array(CompressedKernel.elf.prefix(70))) + CompressedKernel.number(70)),
  ])
  func whatCannotBeUnpackedUnpacksItself(file: [UInt8]) throws {
    let plan = try BootPlan(request(file, .byVMMIfPossible))
    #expect(plan.entryPoint == GuestAddress(0x20_0200))
    #expect(plan.notes.contains { $0.hasPrefix("The kernel is left to unpack itself. ") })
    let error = try #require(failure(request(file, .byVMM)))
    #expect(error.kind == "optionRefused" && error.description.contains("--kernel-unpack vmm"))
  }

  /// A damaged payload is told, and not passed on for the guest to find out.
  @Test func aDamagedPayloadIsAnError() throws {
    let elf = CompressedKernel.elf
    let frame = CompressedKernel.lz4(elf)
    var wrongBlock = frame
    wrongBlock[8] = 0x0F  // no literals: the bytes behind it are an offset to copy from, before the beginning
    var wrongChecksum = CompressedKernel.gzip(elf)
    wrongChecksum[30] ^= 1
    let payloads: [[UInt8]] = [
      // It says one byte more or less than it has.
      frame + CompressedKernel.number(elf.count + 1), frame + CompressedKernel.number(elf.count - 1),
      frame + CompressedKernel.number(0), wrongBlock + CompressedKernel.number(elf.count), wrongChecksum,
      Array(frame.dropLast(9)) + CompressedKernel.number(elf.count),
      // Nothing but a magic number.
      [0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0, 0] + CompressedKernel.number(elf.count),
      [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 0] + CompressedKernel.number(elf.count),
      [0x1F, 0x8B, 8, 0, 0, 0, 0, 0] + CompressedKernel.number(elf.count),
    ]
    for payload in payloads {
      for unpacking in [.byVMM, .byVMMIfPossible] as [Unpacking] {
        let error = try #require(
          failure(request(CompressedKernel.image(payload), unpacking)), "\(payload.prefix(12))")
        #expect(error.kind == "malformed", "\(error)")
        #expect(error.description.contains("--kernel-unpack guest"), "\(error)")
      }
      // Nobody looks at it where it is to unpack itself.
      #expect(failure(request(CompressedKernel.image(payload), .byGuest)) == nil)
    }
  }

  /// A payload that lies about its size must not cost more than it says.
  @Test func aBombIsStopped() throws {
    // 8 MiB of zeros in one block: literals, then matches of the byte before.
    let count = 8 << 20
    var block: [UInt8] = [0x1F, 0, 1, 0]
    let matched = count - 1 - 5
    block += [UInt8](repeating: 255, count: (matched - 19) / 255)
    block.append(UInt8((matched - 19) % 255))
    block += [0x50, 0, 0, 0, 0, 0]
    let magic: [UInt8] = [0x02, 0x21, 0x4C, 0x18]
    let frame = magic + CompressedKernel.number(block.count) + block
    // It is what it is meant to be: with the right size it unpacks, and is no ELF file.
    let honest = frame + CompressedKernel.number(count)
    let plan = try BootPlan(request(CompressedKernel.image(honest), .byVMMIfPossible))
    #expect(plan.notes.contains { $0.contains("no ELF file") })
    let lying = frame + CompressedKernel.number(4096)
    #expect(failure(request(CompressedKernel.image(lying), .byVMMIfPossible))?.kind == "malformed")
  }

  /// The sizes of the setup header are checked before anything is read by them.
  @Test func whereThePayloadLiesIsChecked() {
    for (offset, length) in [
      (0x300, .max), (.max, 0x100), (.max, .max), (0x300, 1 << 31), (0x1000_0000, 16),
    ] as [(UInt32, UInt32)] {
      let file = CompressedKernel.image { image in
        image.payloadOffset = offset
        image.payloadLength = length
      }
      #expect(failure(request(file, .byVMMIfPossible))?.kind == "malformed", "\(offset) \(length)")
    }
  }
}
