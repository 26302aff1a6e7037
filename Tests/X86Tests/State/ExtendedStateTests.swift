import Testing
import X86

@Suite struct ExtendedStateTests {
  /// Table 9-1 of the SDM, volume 3A: FCW after FNINIT and MXCSR after reset.
  @Test func startsAsAfterReset() {
    let state = ExtendedState()
    #expect(state.bytes.count == 576)
    #expect(state.bytes[0...1] == [0x7F, 0x03])
    #expect(state.bytes[24...27] == [0x80, 0x1F, 0, 0])
    #expect(state.presentComponents == [])
  }

  /// A damaged file must not lead to reads beyond the bytes.
  @Test func tooFewBytesAreFilledUp() {
    #expect(ExtendedState(bytes: [0x7F]).x87ControlWord == 0x7F)
    var state = ExtendedState()
    state.bytes = []
    #expect(state.bytes.count == 576)
    #expect(state.mxcsr == 0 && state.xmm(99) == (0, 0))
    state.bytes.removeLast(100)
    #expect(state.bytes.count == 576)
  }

  @Test func registersAreWhereFXSAVEPutsThem() {
    var bytes = [UInt8](repeating: 0, count: 576)
    for index in 0..<16 { bytes[208 + index] = UInt8(index) }
    bytes[512] = 7
    let state = ExtendedState(bytes: bytes)
    #expect(state.xmm(3) == (0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908))
    #expect(state.presentComponents == [.x87, .sse, .avx])
  }
}
