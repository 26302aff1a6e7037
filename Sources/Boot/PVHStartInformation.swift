import GuestMemory

/// What a PVH guest finds at the address in EBX (Xen public/arch-x86/hvm/start_info.h, version 1):
/// `hvm_start_info` with its modules, command line and memory map.
enum PVHStartInformation {
  /// XEN_HVM_START_MAGIC_VALUE: "xEn3" with the top bit of the E set.
  static let magic: UInt32 = 0x336E_C578
  /// The version that has a memory map.
  static let version: UInt32 = 1
  /// The size of `hvm_start_info`, in bytes.
  static let byteCount = 56

  /// Claims the modules and the information, and returns the guest-physical address of the
  /// structure.
  static func claim(_ planner: inout Planner) throws(BootError) -> UInt64 {
    var area = BootInformationArea(mainStructureByteCount: byteCount)
    let commandLine = try area.append(planner.request.fullCommandLine, what: "The guest command line")
    let modules = try planner.claimModules(.highest)

    // hvm_modlist_entry: address, size, command line, reserved; 64 bits each.
    var list: [UInt8] = []
    for module in modules {
      let text = try area.append(module.text, what: "A module's command line")
      for field in [module.address, module.byteCount, text, 0] { list.append(littleEndian: field) }
    }
    // The protocol has zero stand for an absent list.
    let listAddress = modules.isEmpty ? 0 : area.append(list)

    // hvm_memmap_table_entry: address and size, 64 bits; type and reserved, 32 bits.
    var map: [UInt8] = []
    for entry in planner.map.entries {
      map.append(littleEndian: entry.address)
      map.append(littleEndian: entry.byteCount)
      map.append(littleEndian: entry.kind.rawValue)
      map.append(littleEndian: UInt32(0))
    }
    let mapAddress = area.append(map)

    var main: [UInt8] = []
    main.append(littleEndian: magic)
    main.append(littleEndian: version)
    main.append(littleEndian: UInt32(0))  // flags: neither privileged nor the initial domain
    main.append(littleEndian: UInt32(clamping: modules.count))
    main.append(littleEndian: listAddress)
    main.append(littleEndian: commandLine)
    main.append(littleEndian: planner.rootPointer)  // zero where there are no ACPI tables
    main.append(littleEndian: mapAddress)
    main.append(littleEndian: UInt32(clamping: planner.map.entries.count))
    main.append(littleEndian: UInt32(0))
    try planner.claimInformation(try area.finish(mainStructure: main))
    return area.address
  }
}
