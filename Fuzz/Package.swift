// swift-tools-version: 6.2
import PackageDescription

// libFuzzer targets, in a package of their own: they build only with
// `swift build --sanitize=fuzzer --sanitize=address`. `scripts/fuzz` does that and runs them.
let parts: [Target.Dependency] = [.product(name: "SwiftVMParts", package: "swiftvm")]
let settings: [SwiftSetting] = [
  .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

func fuzzer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name, dependencies: parts + dependencies,
    swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "swiftvm-fuzz",
  dependencies: [.package(name: "swiftvm", path: "..")],
  targets: [
    // What the fuzzers of image formats share.
    .target(name: "FuzzBoot", dependencies: parts, swiftSettings: settings),
    fuzzer("FuzzELF", ["FuzzBoot"]),
    fuzzer("FuzzLinux", ["FuzzBoot"]),
    fuzzer("FuzzMultiboot", ["FuzzBoot"]),
    fuzzer("FuzzPVH", ["FuzzBoot"]),
    fuzzer("FuzzSerial"),
  ],
  swiftLanguageModes: [.v6]
)
