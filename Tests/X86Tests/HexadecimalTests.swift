import Testing
import X86

@Suite struct HexadecimalTests {
  @Test func numbers() {
    #expect(hex(0 as UInt64) == "0x0")
    #expect(hex(0xFEE0_0000 as UInt32) == "0xfee00000")
    #expect(hex(0x1F as UInt8, digits: 4) == "0x001f")
    #expect(hex(UInt64.max, digits: 4) == "0xffffffffffffffff")
    #expect(hex(-1 as Int16) == "0xffff")
    #expect(hexDigits(Int64.min) == "8000000000000000")
  }

  @Test func bytes() {
    #expect(hexBytes([0x0F, 0x0B, 0xF4]) == "0f 0b f4")
    #expect(hexBytes([]) == "")
  }
}
