internal import CLinux
internal import Glibc
internal import X86

/// A list of instruction forms that software is known to execute, to compare with what was tested.
///
/// Each line has a mnemonic, the opcode map, the opcode in hexadecimal, ModRM.reg or "-", the operand
/// width in bits, R, M or "-" for a register, memory or no ModRM, and a prefix or "-".
struct BootForms {
  struct Form {
    var text: String
    var map: UInt8
    var opcode: UInt8
    var reg: UInt8
    var width: UInt8
    var isMemory: Bool
    var prefix: String
  }

  private(set) var forms: [Form] = []

  init(path: String) throws(OracleError) {
    for line in String(decoding: try Self.readFile(path), as: UTF8.self).split(separator: "\n")
    where !line.hasPrefix("#") {
      let fields = line.split(separator: " ")
      guard fields.count == 7, let map = UInt8(fields[1]), let opcode = UInt8(fields[2], radix: 16),
        let bits = UInt8(fields[4])
      else { throw .usage("\(path) has a line that is no instruction form: \(line)") }
      forms.append(
        Form(
          text: String(line), map: map, opcode: opcode, reg: UInt8(fields[3]) ?? 0, width: bits / 8,
          isMemory: fields[5] == "M", prefix: String(fields[6])))
    }
  }

  /// All bytes of a file.
  static func readFile(_ path: String) throws(OracleError) -> [UInt8] {
    // Sound: the string lives for the time of the call.
    let descriptor = unsafe swiftvm_open(path, O_RDONLY, 0)
    guard descriptor >= 0 else { throw .host("open \(path)", errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      // Sound: the buffer has as many bytes as it says.
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      guard count >= 0 else { throw .host("read \(path)", errno) }
      if count == 0 { return bytes }
      bytes += chunk[0..<count]
    }
  }

  /// Prints how many of the forms were executed, and names the rest with the reason.
  func report(_ coverage: EncodingCoverage) {
    var covered = 0
    var reasons: [String: [String]] = [:]
    for form in forms {
      if coverage.count(form) > 0 {
        covered += 1
      } else {
        reasons[Self.reason(form), default: []].append(form.text)
      }
    }
    print("of \(forms.count) instruction forms of a Linux boot \(covered) were compared with the host")
    for (reason, texts) in reasons.sorted(by: { $0.key < $1.key }) {
      print("  \(texts.count) not, \(reason): \(texts.prefix(60).joined(separator: "; "))")
    }
  }

  private static func reason(_ form: Form) -> String {
    var bytes: [UInt8] = []
    if form.prefix == "lock" { bytes.append(0xF0) }
    if form.prefix.hasPrefix("rep") { bytes.append(0xF3) }
    if form.width == 2 { bytes.append(0x66) }
    if form.width == 8 { bytes.append(0x48) }
    if form.map == 1 { bytes.append(0x0F) }
    bytes += [form.opcode, (form.isMemory ? 0x03 : 0xC3) | form.reg << 3]
    bytes += [UInt8](repeating: 0, count: max(0, 15 - bytes.count))
    do throws(DecodeError) {
      let instruction = try InstructionDecoder(.bits64).decode(InstructionBytes(bytes))
      return Reach.obstacle(instruction, .bits64, in: .process).map { "because it \($0)" }
        ?? "for want of cases"
    } catch {
      return "because it does not decode"
    }
  }
}

extension EncodingCoverage {
  /// How many cases a form of a list had. Widths are told apart as the decoder does; a list that was
  /// made by another decoder may see one operand size where this one sees another.
  func count(_ form: BootForms.Form) -> UInt32 {
    func at(_ width: UInt8) -> UInt32 {
      count(
        Self.index(map: form.map, opcode: form.opcode, reg: form.reg, width: width, isMemory: form.isMemory))
    }
    let exact = at(form.width)
    return exact > 0 ? exact : max(at(1), at(2), at(4), at(8))
  }
}
