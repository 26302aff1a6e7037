internal import Engine
internal import X86

/// One vCPU in software: its registers, its view of memory, and the execution of one instruction.
///
/// This is the plain tier: every instruction, every mode, every check, written to be read. The
/// threaded tier (`Threaded/`) has handlers for the commonest instructions where nothing special
/// happens, and comes here for all else; so what an instruction means is said here, once.
///
/// Only the thread that runs the vCPU touches an interpreter.
final class Interpreter {
  /// The registers.
  let core: Core
  /// Where physical addresses lead.
  let memory: PhysicalMemory
  /// Where linear addresses lead, as far as it is known.
  let translations: TranslationTables
  /// What the vCPU is: CPUID, the model-specific registers it has.
  let model: ProcessorModel
  /// The vCPU's number and initial local APIC ID.
  let index: Int
  /// What was decoded already; one for all vCPUs of the machine.
  let codeCache: CodeCache

  /// Task register, local descriptor table, and the two table registers.
  var tr = Segment()
  var ldt = Segment()
  var gdt = DescriptorTable()
  var idt = DescriptorTable()
  /// DR0…DR7.
  var debug = DebugRegisters()
  /// The model-specific registers that have no place of their own.
  var modelSpecific: ModelSpecificFile
  /// Exceptions and interrupts under way or held back.
  var events = PendingEvents()
  /// Whether it runs, is halted, or waits for a start-up IPI.
  var activity = ActivityState.running
  /// The task priority where no local APIC keeps it: CR8.
  var taskPriority: UInt64 = 0

  /// The address of the next instruction, as the instruction under way leaves it.
  var nextRIP: UInt64 = 0
  /// The page walk of the mode the CPU is in; `modeDidChange` keeps it right.
  var walker: PageTableWalker
  /// Whether `walkFourLevels` can do, and the bits that must be clear in an entry; `pagingDidChange` keeps
  /// them right.
  var hasShortWalk = false
  var reservedEntryBits: UInt64 = 0
  /// What of the instruction under way devices have answered already.
  let deviceAccesses: DeviceAccessLog
  /// The local APIC refused the last access to one of its model-specific registers.
  var outsideRegisterWasRefused = false
  /// Something changed that the loop must look at before the next instruction.
  var looksUpSoon = false
  /// The guest has nothing to do for now (PAUSE), or did much as one instruction: other vCPUs come first.
  var yieldsTurn = false
  /// An exit is wanted as soon as an interrupt can be taken.
  var wantsInterruptWindow = false
  /// What DR7 asks to watch; `debugRegistersDidChange` keeps them right.
  var hasInstructionBreakpoints = false
  var watchesData = false
  var watchesPorts = false
  /// DR6's bits of the watchpoints that the instruction under way has met.
  var metBreakpoints: UInt64 = 0
  /// The instruction under way is not followed by the single-step trap, although TF was set before it:
  /// INT and its relatives, SYSCALL.
  var skipsSingleStep = false
  /// What the run loop has to answer, once `Interruption.deviceAccess` was thrown or an instruction
  /// such as HLT asked for an exit.
  var pendingExit: VMExit?
  /// Why the last instruction did not complete, as the threaded tier left it.
  var interruption: Interruption?
  /// How it shares its vCPU with a hardware engine; see `Assistance`.
  var assistance = Assistance()

  /// A vCPU as it is after power-on; its state is loaded next.
  init(index: Int, memory: PhysicalMemory, model: ProcessorModel, codeCache: CodeCache) {
    self.index = index
    self.memory = memory
    self.model = model
    self.codeCache = codeCache
    core = Core.allocate()
    translations = TranslationTables()
    walker = PageTableWalker(CPUState())
    modelSpecific = ModelSpecificFile(model)
    deviceAccesses = DeviceAccessLog()
    // Sound: the block dies with this object, and only code that this object runs reads the slot.
    unsafe core.store(
      UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()), at: CoreLayout.interpreter)
    unsafe core.store(translations.jumpCache.base, at: CoreLayout.jumpCache)
    load(CPUState())
    codeCache.attach(self)
  }

  deinit { core.deallocate() }
}
