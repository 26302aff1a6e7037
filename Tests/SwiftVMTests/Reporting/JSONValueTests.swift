import Foundation
import Testing

@testable import SwiftVM

/// The JSON writer, read back by Foundation's reader.
@Suite struct JSONValueTests {
  private func read(_ value: JSONValue) throws -> NSObject {
    let object = try JSONSerialization.jsonObject(with: Data(value.text.utf8), options: .fragmentsAllowed)
    return try #require(object as? NSObject)
  }

  @Test func everyCharacterOfTheBasicPlaneComesBack() throws {
    for start in stride(from: UInt32(0), to: 0x1_0000, by: 256) {
      let scalars = (start..<start + 256).compactMap(Unicode.Scalar.init)
      guard !scalars.isEmpty else { continue }
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      let back = try #require(try read(.string(text)) as? String)
      #expect(Array(back.unicodeScalars) == scalars, "at \(start)")
    }
  }

  @Test(arguments: ["", "\"", "\\", "\\\"", "a\u{7F}b", "👩‍🚀", "\u{10FFFF}", "\r\n\t\u{0}", "</script>"])
  func textsComeBack(_ text: String) throws {
    #expect(try read(.string(text)) as? String == text)
    let object = try #require(try read(.object([(text, .string(text))])) as? [String: String])
    #expect(object == [text: text])
  }

  @Test(arguments: [0, 1, -1, 1 << 53, -(1 << 53), .max, .min] as [Int64])
  func numbersComeBack(_ number: Int64) throws {
    #expect((try read(.number(number)) as? NSNumber)?.int64Value == number)
  }

  @Test func nestedValuesComeBack() throws {
    let value = JSONValue.object([
      ("empty", .object([])), ("list", .array([1, true, false, .null, "x", .array([])])),
      ("hex", .hex(0xFEE0_0000)), ("deep", .array([.object([("a", .array([.object([("b", 2)])]))])])),
    ])
    let expected: NSDictionary = [
      "empty": NSDictionary(),
      "list": [1, true, false, NSNull(), "x", NSArray()] as NSArray,
      "hex": "0xfee00000",
      "deep": [["a": [["b": 2]]]] as NSArray,
    ]
    #expect(try read(value) == expected)
  }

  /// Random documents: what Foundation reads is what was written.
  @Test func randomDocumentsComeBack() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let (value, expected) = Self.random(&generator, depth: 4)
      #expect(try read(value) == expected, "\(value.text)")
    }
  }

  private static func random(_ generator: inout SystemRandomNumberGenerator, depth: Int) -> (
    JSONValue, NSObject
  ) {
    switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &generator) {
    case 0:
      let number = Int64.random(in: -(1 << 53)...1 << 53, using: &generator)
      return (.number(number), NSNumber(value: number))
    case 1:
      let flag = Bool.random(using: &generator)
      return (.bool(flag), NSNumber(value: flag))
    case 2: return (.null, NSNull())
    case 3:
      let text = randomText(&generator)
      return (.string(text), text as NSString)
    case 4:
      let elements = (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
        random(&generator, depth: depth - 1)
      }
      return (.array(elements.map(\.0)), elements.map(\.1) as NSArray)
    default:
      var members: [(name: String, value: JSONValue)] = []
      var expected: [String: NSObject] = [:]
      for _ in 0..<Int.random(in: 0..<5, using: &generator) {
        let name = randomText(&generator)
        guard expected[name] == nil else { continue }
        let (value, object) = random(&generator, depth: depth - 1)
        members.append((name, value))
        expected[name] = object
      }
      return (.object(members), expected as NSDictionary)
    }
  }

  private static func randomText(_ generator: inout SystemRandomNumberGenerator) -> String {
    let characters = Array("abc \"\\/\n\r\t\u{1}\u{1F}\u{7F}äß€😀")
    return String(
      (0..<Int.random(in: 0..<8, using: &generator)).map { _ in characters.randomElement(using: &generator)! }
    )
  }

  @Test func isIndentedForPeople() {
    let value = JSONValue.object([("a", 1), ("b", .array([true, "x"]))])
    #expect(
      value.text == """
        {
          "a": 1,
          "b": [
            true,
            "x"
          ]
        }
        """)
  }

  @Test func aReportOnAFailedStartSaysWhy() throws {
    let report = JSONValue.failedStart(.image("x.bin is empty."))
    let object = try #require(try read(report) as? [String: NSObject])
    #expect(object["reason"] == "not-started" as NSString)
    #expect(object["exitStatus"] == 66 as NSNumber)
    #expect(object["sentence"] == "x.bin is empty." as NSString)
  }

  @Test func aReportThatCannotBeWrittenNamesTheFile() {
    #expect { try JSONValue.null.write(toFile: "/nonexistent-directory/report.json") } throws: { error in
      guard let error = error as? StartError else { return false }
      return error.exitStatus == 70 && error.description.contains("/nonexistent-directory/report.json")
    }
    #expect { try JSONValue.null.write(toFile: "/dev/full") } throws: { error in
      (error as? StartError)?.description.contains("ENOSPC") == true
    }
  }
}
