internal import Engine
internal import X86

extension Outcome {
  /// The outcome as a JSON document; docs/report.md describes its members.
  public var json: JSONValue {
    var members: [(name: String, value: JSONValue)] = [
      ("reason", .string(reasonName)),
      ("exitStatus", .number(Int64(exitStatus))),
      ("sentence", .string(sentence)),
      ("reboots", .number(Int64(reboots))),
      ("exits", .number(Int64(clamping: exits))),
      ("unclaimedAccesses", .number(Int64(clamping: unclaimedAccesses))),
    ]
    if let engine { members.append(("engine", .string(engine.rawValue))) }
    if !denied.isEmpty { members.append(("denied", denied.json)) }
    if assistance.moves > 0 { members.append(("assistance", assistance.json)) }
    if case .guestExit(let status) = reason { members.append(("guestStatus", .number(Int64(status)))) }
    if let crash { members.append(("crash", crash.json)) }
    return .object(members)
  }
}

extension DeniedAccesses {
  var json: JSONValue {
    let registers = registers.map { entry in
      JSONValue.object([
        ("register", .hex(UInt64(entry.register.rawValue))),
        ("name", entry.register.name.map { .string($0) } ?? .null),
        ("reads", .number(Int64(clamping: entry.reads))), ("writes", .number(Int64(clamping: entry.writes))),
        ("firstRIP", entry.firstAddress.map { .hex($0) } ?? .null),
      ])
    }
    let leaves = leaves.map { entry in
      JSONValue.object([
        ("leaf", .hex(UInt64(entry.leaf))), ("count", .number(Int64(clamping: entry.count))),
      ])
    }
    return .object([
      ("registers", .array(registers)), ("leaves", .array(leaves)),
      ("omitted", .number(Int64(clamping: omitted))),
    ])
  }
}

extension AssistanceCount {
  var json: JSONValue {
    let names = byMnemonic.sorted { $0.key < $1.key }
    return .object([
      ("instructions", .number(Int64(clamping: instructions))), ("moves", .number(Int64(clamping: moves))),
      ("takeovers", .number(Int64(clamping: takeovers))),
      ("byMnemonic", .object(names.map { ($0.key, .number(Int64(clamping: $0.value))) })),
    ])
  }
}

extension CrashReport {
  var json: JSONValue {
    .object([
      ("headline", .string(headline)),
      ("failedInstruction", .string(hexBytes(failedInstruction))),
      ("failedInstructionText", failedInstructionText.map { .string($0) } ?? .null),
      ("postCode", postCode.map { .number(Int64($0)) } ?? .null),
      ("hints", .array(hints.map { .string($0) })),
      ("vcpus", .array(vcpus.map(\.json))),
    ])
  }
}

extension CrashReport.VCPU {
  var json: JSONValue {
    .object([
      ("index", .number(Int64(index))),
      ("isCulprit", .bool(isCulprit)),
      ("failure", failure.map { .string($0) } ?? .null),
      ("registersAreAfterReset", .bool(isAfterReset)),
      ("state", state.map(\.json) ?? .null),
      ("codeAtRIP", .string(hexBytes(code))),
      ("instructionsAtRIP", .array(instructions.map(\.json))),
      ("walks", .array(walks.map(\.json))),
      ("exitCount", .number(Int64(clamping: exitCount))),
      ("lastExits", .array(exits.map(\.json))),
    ])
  }
}

extension Disassembly.Line {
  var json: JSONValue {
    .object([
      ("address", .hex(address)), ("bytes", .string(hexBytes(bytes))), ("text", .string(text)),
    ])
  }
}

extension CrashReport.Walk {
  var json: JSONValue {
    var members: [(name: String, value: JSONValue)] = [
      ("register", .string(name)), ("linear", .hex(address)),
    ]
    let path: PageTablePath
    switch result {
    case .success(let translation):
      members.append(("physical", .hex(translation.physicalAddress)))
      members.append(("isOutsideMemory", .bool(isOutsideMemory)))
      path = translation.path
    case .failure(let failure):
      members.append(("failure", .string(failure.description)))
      path = failure.path
    }
    members.append(
      (
        "entries",
        .array(
          path.map { visit in
            .object([
              ("name", .string(visit.name)), ("address", .hex(visit.address)), ("value", .hex(visit.value)),
            ])
          })
      ))
    return .object(members)
  }
}

extension CrashReport.Exit {
  var json: JSONValue {
    .object([
      ("kind", .string(kind)), ("write", .bool(isWrite)), ("width", .number(Int64(width))),
      ("count", .number(Int64(count))), ("address", .hex(address)), ("value", .hex(value)),
    ])
  }
}

extension CPUState {
  var json: JSONValue {
    var members: [(name: String, value: JSONValue)] = [("mode", .string(mode.rawValue))]
    for number in 0..<16 { members.append((GeneralRegisters.names[number], .hex(general[number]))) }
    members.append(("rip", .hex(rip)))
    members.append(("rflags", .hex(rflags.rawValue)))
    for (name, segment) in [
      ("cs", cs), ("ds", ds), ("es", es), ("fs", fs), ("gs", gs), ("ss", ss), ("tr", tr), ("ldt", ldt),
    ] {
      members.append(
        (
          name,
          .object([
            ("selector", .hex(UInt64(segment.selector))), ("base", .hex(segment.base)),
            ("limit", .hex(UInt64(segment.limit))), ("type", .number(Int64(segment.attributes.type))),
            ("dpl", .number(Int64(segment.privilegeLevel))), ("present", .bool(segment.attributes.isPresent)),
            ("long", .bool(segment.isLong)), ("default32", .bool(segment.isDefault32)),
          ])
        ))
    }
    for (name, table) in [("gdt", gdt), ("idt", idt)] {
      members.append((name, .object([("base", .hex(table.base)), ("limit", .hex(UInt64(table.limit)))])))
    }
    let registers: [(String, UInt64)] = [
      ("cr0", cr0.rawValue), ("cr2", cr2), ("cr3", cr3.rawValue), ("cr4", cr4.rawValue), ("cr8", cr8),
      ("efer", efer.rawValue), ("apicBase", apicBase),
    ]
    for (name, value) in registers { members.append((name, .hex(value))) }
    return .object(members)
  }
}
