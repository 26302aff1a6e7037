public import X86

/// What is known about a guest's death: enough for a kernel author to find the bug without
/// running it again.
public struct CrashReport: Sendable {
  /// One vCPU at its end.
  public struct VCPU: Sendable {
    /// The vCPU's number.
    public var index: Int
    /// The machine stopped because of this vCPU.
    public var isCulprit: Bool
    /// Its registers, where they could be saved.
    public var state: CPUState?
    /// Why they could not.
    public var failure: String?
    /// The registers are those after a reset: AMD CPUs reset a vCPU on a triple fault.
    public var isAfterReset = false
    /// Where the addresses that matter lead.
    public var walks: [Walk] = []
    /// The bytes of the instruction at RIP and of those behind it: up to 16.
    public var code: [UInt8] = []
    /// The same as instructions, as far as they are whole.
    public var instructions: [Disassembly.Line] = []
    /// The last exits, oldest first.
    public var exits: [Exit] = []
    /// All exits of this vCPU.
    public var exitCount: UInt64 = 0
  }

  /// The way of one linear address through the page tables.
  public struct Walk: Sendable {
    /// Which register it came from.
    public var name: String
    /// The linear address.
    public var address: UInt64
    /// Where it leads, or why it leads nowhere.
    public var result: Result<Translation, TranslationFailure>
    /// The physical address lies in no RAM.
    public var isOutsideMemory = false
  }

  /// One exit.
  public struct Exit: Sendable {
    /// What it was: "port", "memory", "halt" …
    public var kind: String
    /// The guest wrote.
    public var isWrite: Bool
    /// Bytes per item; 0 for exits that are no accesses.
    public var width: Int
    /// Items.
    public var count: Int
    /// Port, guest-physical address, or another exit's detail.
    public var address: UInt64
    /// The first item's value.
    public var value: UInt64
  }

  /// One sentence on what happened.
  public var headline: String
  /// What the software CPU did for KVM; nil where it did nothing.
  public var assistance: String?
  /// The instruction's bytes that the engine reported with its failure.
  public var failedInstruction: [UInt8] = []
  /// The same in Intel's syntax; nil where it is none, or the mode is not known.
  public var failedInstructionText: String?
  /// The vCPUs, by number.
  public var vcpus: [VCPU] = []
  /// The last code on the POST port, where the guest wrote any.
  public var postCode: UInt8?
  /// Accesses that no device answered.
  public var unclaimedAccesses: UInt64 = 0
  /// What probably went wrong, where it can be told: sentences.
  public var hints: [String] = []
}
