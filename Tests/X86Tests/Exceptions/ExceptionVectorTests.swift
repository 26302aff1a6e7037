import Testing
import X86

@Suite struct ExceptionVectorTests {
  /// Table 6-1 of the SDM, volume 3A: the vectors with an error code, and those that are no fault.
  @Test func errorCodesAndKindsAreThoseOfTheManual() {
    let withCode = ExceptionVector.allCases.filter(\.hasErrorCode).map(\.rawValue)
    #expect(withCode == [8, 10, 11, 12, 13, 14, 17, 21, 29, 30])
    func vectors(_ kind: ExceptionVector.Kind) -> [UInt8] {
      ExceptionVector.allCases.filter { $0.kind == kind }.map(\.rawValue)
    }
    #expect(vectors(.trap) == [3, 4])
    #expect(vectors(.abort) == [8, 9, 18])
    #expect(vectors(.interrupt) == [2, 28])
    #expect(vectors(.faultOrTrap) == [1])
  }

  @Test func reservedVectorsHaveNoCase() {
    let reserved = (UInt8(0)...31).filter { ExceptionVector(rawValue: $0) == nil }
    #expect(reserved == [15, 22, 23, 24, 25, 26, 27, 31])
  }

  @Test func mnemonicsAreDistinct() {
    #expect(Set(ExceptionVector.allCases.map(\.mnemonic)).count == ExceptionVector.allCases.count)
    #expect(Set(ExceptionVector.allCases.map(\.name)).count == ExceptionVector.allCases.count)
    #expect(ExceptionVector.pageFault.description == "#PF (page fault)")
  }

  /// Table 6-5 of the SDM, volume 3A, row by row, and the triple fault.
  @Test func nestedExceptions() {
    let benign = ExceptionVector.debug
    let contributory = ExceptionVector.generalProtection
    let page = ExceptionVector.pageFault
    let table: [(ExceptionVector, ExceptionVector, ExceptionVector.NestedOutcome)] = [
      (benign, benign, .deliverSecond), (benign, contributory, .deliverSecond),
      (benign, page, .deliverSecond),
      (contributory, benign, .deliverSecond), (contributory, contributory, .doubleFault),
      (contributory, page, .deliverSecond), (page, benign, .deliverSecond),
      (page, contributory, .doubleFault),
      (page, page, .doubleFault), (.doubleFault, benign, .deliverSecond),
      (.doubleFault, contributory, .shutdown),
      (.doubleFault, page, .shutdown),
    ]
    for (first, second, outcome) in table { #expect(first.nested(second) == outcome) }
    let contributories = ExceptionVector.allCases.filter { $0.severity == .contributory }
    #expect(contributories.map(\.rawValue) == [0, 10, 11, 12, 13, 21, 29, 30])
    #expect(ExceptionVector.allCases.filter { $0.severity == .pageFault }.map(\.rawValue) == [14, 20])
  }

  @Test func pageFaultCodesInWords() {
    let text = { (value: UInt64) in PageFaultErrorCode(rawValue: value).description }
    #expect(text(0x0) == "0x0 (supervisor read, page not present)")
    #expect(text(0x7) == "0x7 (user write, protection violation)")
    #expect(text(0x19) == "0x19 (supervisor instruction fetch, reserved bit set)")
    #expect(text(0x27) == "0x27 (user write, protection violation, PK)")
    #expect(text(0x1_0000) == "0x10000 (supervisor read, page not present, 0x10000)")
  }

  @Test func selectorCodesInWords() {
    let text = { (value: UInt32) in SelectorErrorCode(rawValue: value).description }
    #expect(text(0) == "0x0 (no selector)")
    #expect(text(0x10) == "0x10 (GDT entry 2, selector 0x10)")
    #expect(text(0x1D) == "0x1d (LDT entry 3, selector 0x1c, external event)")
    #expect(text(0x402) == "0x402 (IDT entry 128)")
    #expect(SelectorErrorCode(selector: 0x1B).rawValue == 0x18)
    #expect(SelectorErrorCode(selector: 0x0F, isExternal: true).rawValue == 0x0D)
    #expect(SelectorErrorCode(interruptVector: 0xFF, isExternal: true).rawValue == 0x7FB)
    #expect(SelectorErrorCode(rawValue: .max).index == 0x1FFF)
  }

  @Test func exceptionsInWords() {
    #expect(ExceptionVector.divideError.describe(errorCode: nil) == "#DE (divide error)")
    #expect(
      ExceptionVector.generalProtection.describe(errorCode: 0x18)
        == "#GP (general protection), error code 0x18 (GDT entry 3, selector 0x18)")
    #expect(
      ExceptionVector.pageFault.describe(errorCode: 2)
        == "#PF (page fault), error code 0x2 (supervisor write, page not present)")
    #expect(ExceptionVector.alignmentCheck.describe(errorCode: 0) == "#AC (alignment check), error code 0x0")
  }
}
