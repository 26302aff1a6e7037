// swift-tools-version: 6.2
import PackageDescription

// Every module of ours is built in Swift 6 mode with strict memory safety: each unsafe
// construct is marked `unsafe` where it is used, so that a reader can find them all.
let settings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
  name: "swiftvm",
  products: [
    .library(name: "SwiftVM", targets: ["SwiftVM"]),
    // The parts, for programs that want less than a whole machine (and for the fuzz targets).
    .library(
      name: "SwiftVMParts",
      targets: [
        "Host", "KVM", "GuestMemory", "X86", "ProcessorPolicy", "Engine", "KVMEngine", "SoftwareEngine",
        "AssistedEngine", "Devices", "Boot",
      ]),
    .executable(name: "swiftvm", targets: ["SwiftVMCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // The kernel's C interfaces, header only.
    .systemLibrary(name: "CKVM", path: "CKVM"),
    .systemLibrary(name: "CLinux", path: "CLinux"),

    // From the ground up; imports point down this list only.
    module("Host", ["CLinux"]),
    module("KVM", ["CKVM", "Host"]),
    module("GuestMemory", ["CLinux", "Host"]),
    module("X86"),
    module("ProcessorPolicy", ["X86"]),
    module("Engine", ["ProcessorPolicy", "X86", "GuestMemory"]),
    module("KVMEngine", ["Engine", "ProcessorPolicy", "KVM", "X86", "GuestMemory", "Host"]),
    module("SoftwareEngine", ["Engine", "ProcessorPolicy", "X86", "GuestMemory", "Host", "CLinux"]),
    module(
      "AssistedEngine",
      ["KVMEngine", "SoftwareEngine", "Engine", "ProcessorPolicy", "X86", "GuestMemory", "Host"]),
    module("Devices", ["Engine", "X86", "Host"]),
    module("Boot", ["GuestMemory", "X86", "Host"]),
    module(
      "SwiftVM",
      [
        "Boot", "Devices", "AssistedEngine", "KVMEngine", "SoftwareEngine", "Engine", "ProcessorPolicy",
        "GuestMemory", "X86", "Host",
      ]),
    .executableTarget(
      name: "SwiftVMCommand",
      dependencies: ["SwiftVM", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: settings),

    // Compares the software engine with other CPUs, instruction by instruction: see docs/oracles.md.
    .executableTarget(
      name: "cpu-oracle",
      dependencies: [
        "SoftwareEngine", "KVMEngine", "Boot", "Engine", "X86", "GuestMemory", "Host", "CLinux",
      ],
      path: "Oracles/CPUOracle", swiftSettings: settings),

    // Compares the instruction decoder and formatter with a disassembler.
    .executableTarget(
      name: "disassembly-oracle", dependencies: ["X86"], path: "Oracles/DisassemblyOracle",
      swiftSettings: settings),

    tests("HostTests", ["Host", "CLinux"]),
    tests("KVMTests", ["KVM", "Host", "CLinux"]),
    tests("GuestMemoryTests", ["GuestMemory", "Host", "CLinux"]),
    tests("X86Tests", ["X86"]),
    tests("ProcessorPolicyTests", ["ProcessorPolicy", "X86"]),
    tests(
      "SoftwareEngineTests",
      ["SoftwareEngine", "Engine", "ProcessorPolicy", "X86", "GuestMemory", "Host", "CLinux"]),
    tests(
      "AssistedEngineTests",
      ["AssistedEngine", "KVMEngine", "SoftwareEngine", "Engine", "X86", "GuestMemory", "Host"]),
    tests("DevicesTests", ["Devices", "KVM", "Engine", "X86", "Host", "CLinux"]),
    tests("BootTests", ["Boot", "GuestMemory", "X86", "Host"]),
    tests(
      "SwiftVMTests",
      [
        "SwiftVM", "KVMEngine", "Engine", "ProcessorPolicy", "Devices", "Boot", "GuestMemory", "X86", "Host",
        "CLinux",
      ]),
    tests(
      "IntegrationTests",
      [
        "SwiftVM", "SwiftVMCommand", "Engine", "Host", "KVM", "ProcessorPolicy", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
