import Testing
import X86

/// Descriptors whose bytes are known from other sources: Linux's boot GDT (0x00CF9A…, 0x00CF92…,
/// 0x00AF9A…), the real-mode descriptors that BIOSes use (0x00009A0F…, 0x0000930000…).
@Suite struct SegmentDescriptorTests {
  @Test func readsFlat32BitCode() {
    let descriptor = SegmentDescriptor(rawValue: 0x00CF_9A00_0000_FFFF)
    #expect(descriptor.base == 0)
    #expect(descriptor.limit == 0xFFFF_FFFF)
    let expected = SegmentAttributes(type: 10, isDefault32: true, isPageGranular: true)
    #expect(descriptor.attributes == expected)
    #expect(descriptor.attributes.isCode && descriptor.attributes.isReadable)
    #expect(!descriptor.attributes.isWritable && !descriptor.attributes.isConforming)
  }

  @Test func readsFlat64BitCode() {
    let descriptor = SegmentDescriptor(rawValue: 0x00AF_9A00_0000_FFFF)
    #expect(descriptor.attributes == SegmentAttributes(type: 10, isLong: true, isPageGranular: true))
    #expect(descriptor.limit == 0xFFFF_FFFF)
  }

  @Test func readsUserDataAndExpandDownData() {
    let user = SegmentDescriptor(rawValue: 0x00CF_F200_0000_FFFF)
    #expect(user.attributes.privilegeLevel == 3 && user.attributes.isWritable && !user.attributes.isCode)
    let down = SegmentDescriptor(rawValue: 0x00CF_9600_0000_FFFF)
    #expect(down.attributes.isExpandDown && down.attributes.isWritable)
  }

  /// The 16-bit code segment at 0xF0000 that PC firmware uses: base in bits 16…39, byte limit.
  @Test func readsFirmwareCode16() {
    let descriptor = SegmentDescriptor(rawValue: 0x0000_9B0F_0000_FFFF)
    #expect(descriptor.base == 0xF_0000)
    #expect(descriptor.limit == 0xFFFF)
    #expect(!descriptor.attributes.isDefault32 && !descriptor.attributes.isPageGranular)
  }

  @Test func keepsEveryBaseByteInItsPlace() {
    let descriptor = SegmentDescriptor(
      base: 0x1234_5678, limit: 0xA_BCDE, attributes: SegmentAttributes(type: 3))
    #expect(descriptor?.rawValue == 0x120A_9334_5678_BCDE)
  }

  @Test func refusesLimitsThatHaveNoEncoding() {
    let bytes = SegmentAttributes(type: 3)
    var pages = bytes
    pages.isPageGranular = true
    #expect(SegmentDescriptor(base: 0, limit: 0xF_FFFF, attributes: bytes)?.limit == 0xF_FFFF)
    #expect(SegmentDescriptor(base: 0, limit: 0x10_0000, attributes: bytes) == nil)
    #expect(SegmentDescriptor(base: 0, limit: 0xFFFF, attributes: pages)?.limit == 0xFFFF)
    #expect(SegmentDescriptor(base: 0, limit: 0xFFFE, attributes: pages) == nil)
  }

  /// Every bit of a descriptor is in the base, the limit or the attributes, so decoding and encoding
  /// gives the same bytes, whatever they are.
  @Test func roundTripsAnyBytes() throws {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<10_000 {
      let descriptor = SegmentDescriptor(rawValue: generator.next())
      let again = SegmentDescriptor(
        base: descriptor.base, limit: descriptor.limit, attributes: descriptor.attributes)
      #expect(again == descriptor)
      #expect(SegmentDescriptor(descriptor.segment(selector: 8)) == descriptor)
    }
  }

  @Test func systemDescriptorHoldsA64BitBase() throws {
    let attributes = SegmentAttributes(type: SystemSegmentType.availableTSS, isCodeOrData: false)
    let descriptor = try #require(
      SystemDescriptor(base: 0xFFFF_8000_1234_5678, limit: 0x67, attributes: attributes))
    #expect(descriptor.low.rawValue == 0x1200_8934_5678_0067)
    #expect(descriptor.high == 0xFFFF_8000)
    #expect(descriptor.isWellFormed)
    #expect(descriptor.base == 0xFFFF_8000_1234_5678)
    let segment = descriptor.segment(selector: 0x40)
    #expect(segment == Segment(selector: 0x40, base: descriptor.base, limit: 0x67, attributes: attributes))
    #expect(!SystemDescriptor(low: descriptor.low.rawValue, high: 1 << 40).isWellFormed)
    #expect(!SystemDescriptor(low: descriptor.low.rawValue, high: 1 << 44).isWellFormed)
    #expect(SystemDescriptor(low: descriptor.low.rawValue, high: 1 << 45).isWellFormed)
  }

  @Test func aBaseBeyond4GiBHasNoEightByteDescriptor() {
    var segment = Segment.flatData(0x10)
    #expect(SegmentDescriptor(segment)?.rawValue == FlatDescriptors.data)
    segment.base = 1 << 32
    #expect(SegmentDescriptor(segment) == nil)
  }

  /// The numbers are those that virtual-machine monitors write into a VMCS.
  @Test func accessRightsAreThoseOfVMX() {
    #expect(Segment.flatCode32(8).attributes.accessRights == 0xC09B)
    #expect(Segment.flatCode64(8).attributes.accessRights == 0xA09B)
    #expect(Segment.flatData(8).attributes.accessRights == 0xC093)
    #expect(Segment.realMode(0).attributes.accessRights == 0x93)
    #expect(Segment.initialTaskState(limit: 0x67).attributes.accessRights == 0x8B)
    #expect(Segment.initialLocalDescriptorTable.attributes.accessRights == 0x82)
    var unusable = SegmentAttributes()
    unusable.isUnusable = true
    #expect(unusable.accessRights == 0x1_0000)
  }

  @Test func accessRightsRoundTrip() {
    for bits in UInt32(0)...0x1_FFFF where bits & 0xF00 == 0 {
      #expect(SegmentAttributes(accessRights: bits).accessRights == bits)
    }
    #expect(SegmentAttributes(accessRights: 0xFFFE_0F00).accessRights == 0)
  }
}
