import Foundation
import Host
import Testing

/// The BIOS that is embedded is the one of the folder bios.
struct BIOSImageTests {
  @Test func theEmbeddedBytesAreWhatTheSourceAssemblesTo() throws {
    let root = GuestCatalog.folder + "/.."
    let run = try Command.run(program: "/bin/bash", ["\(root)/scripts/embed-bios", "-"], patience: 120)
    #expect(run.status == .exited(0), "\(run.errors)")
    let embedded = try String(contentsOfFile: "\(root)/Sources/Boot/BIOS/BIOSImage.swift", encoding: .utf8)
    #expect(run.output == embedded, "run scripts/embed-bios after changing bios/")
  }
}
