// swift-tools-version: 6.2
import PackageDescription

// libFuzzer targets, in a package of their own: they build only with
// `swift build --sanitize=fuzzer --sanitize=address`. `scripts/fuzz` does that and runs them.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: [.product(name: "SwiftVMParts", package: "swiftvm")],
    swiftSettings: [.strictMemorySafety(), .unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "swiftvm-fuzz",
  dependencies: [.package(name: "swiftvm", path: "..")],
  targets: [fuzzer("FuzzELF"), fuzzer("FuzzMultiboot"), fuzzer("FuzzPVH"), fuzzer("FuzzSerial")],
  swiftLanguageModes: [.v6]
)
