import GuestMemory

/// What a Multiboot kernel finds at the address in EBX (Multiboot Specification 0.6.96, 3.3).
enum MultibootInformation {
  /// The size of the structure, up to the end of its framebuffer fields, in bytes.
  static let byteCount = 116
  /// What the loader calls itself.
  static let loaderName = "SwiftVM"

  /// The parts that are there, in the structure's flags.
  private enum Part {
    static let memory: UInt32 = 1 << 0
    static let commandLine: UInt32 = 1 << 2
    static let modules: UInt32 = 1 << 3
    static let memoryMap: UInt32 = 1 << 6
    static let loaderName: UInt32 = 1 << 9
  }

  /// Claims the modules and the information, and returns the guest-physical address of the
  /// structure.
  static func claim(_ planner: inout Planner) throws(BootError) -> UInt64 {
    var area = BootInformationArea(mainStructureByteCount: byteCount)
    let commandLine = try area.append(planner.request.fullCommandLine, what: "The guest command line")
    let name = try area.append(loaderName, what: "The loader's name")

    var list: [UInt8] = []
    let modules = try planner.claimModules(.afterImage)
    for module in modules {
      let text = try area.append(module.text, what: "A module's command line")
      // Start, end, string, reserved. Modules lie below 4 GiB, so that nothing is cut off here.
      for field in [module.address, module.address + module.byteCount, text, 0] {
        list.append(littleEndian: UInt32(truncatingIfNeeded: field))
      }
    }
    let listAddress = modules.isEmpty ? 0 : area.append(list)

    var map: [UInt8] = []
    for entry in planner.map.entries {
      map.append(littleEndian: UInt32(20))  // the size of what follows
      map.append(littleEndian: entry.address)
      map.append(littleEndian: entry.byteCount)
      map.append(littleEndian: entry.kind.rawValue)
    }
    let mapAddress = area.append(map)

    var main: [UInt8] = []
    func word(_ value: UInt64) { main.append(littleEndian: UInt32(truncatingIfNeeded: value)) }
    word(UInt64(Part.memory | Part.commandLine | Part.modules | Part.memoryMap | Part.loaderName))
    word(planner.map.kibibytes(from: 0))
    word(planner.map.kibibytes(from: BootLayout.highMemoryStart))
    word(0)  // boot device: none
    word(commandLine)
    word(UInt64(modules.count))
    word(listAddress)
    for _ in 0..<4 { word(0) }  // symbols: none
    word(UInt64(map.count))
    word(mapAddress)
    word(0)  // drives: none
    word(0)
    word(0)  // BIOS configuration table: none
    word(name)
    main += [UInt8](repeating: 0, count: byteCount - main.count)  // APM, VBE, framebuffer: none
    try planner.claimInformation(try area.finish(mainStructure: main))
    return area.address
  }
}
