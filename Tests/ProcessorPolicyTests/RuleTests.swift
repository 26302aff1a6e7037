import Testing
import X86

@testable import ProcessorPolicy

/// The tables themselves.
@Suite struct RuleTests {
  @Test func everyNameIsAFeatureAndHasOneRule() {
    let names = CPUIDFeatureRule.all.flatMap { $0.names.split(separator: " ").map(String.init) }
    for name in names { #expect(CPUIDFeature.named(name) != nil, "\(name)") }
    let twice = Dictionary(grouping: names, by: { $0 }).filter { $0.value.count > 1 }.keys
    #expect(twice.isEmpty, "\(twice)")
  }

  @Test func everyFeatureWithANameHasARuleOrALeafThatIsHidden() {
    let names = Set(CPUIDFeatureRule.all.flatMap { $0.names.split(separator: " ").map(String.init) })
    for feature in CPUIDFeature.all where !names.contains(feature.name) {
      #expect(CPUIDLeafRule.of(feature.leaf)?.verdict == .hidden, "\(feature)")
    }
  }

  /// The bit masks are those of the rules: where this fails, they are to be changed to what it shows.
  @Test func theMasksFollowFromTheRules() {
    func mask(_ word: CPUIDFeature, _ features: [CPUIDFeature]) -> UInt32 {
      features.filter { ($0.leaf, $0.subleaf, $0.register) == (word.leaf, word.subleaf, word.register) }
        .reduce(0) { $0 | $1.mask }
    }
    let passed = CPUIDFeatureRule.all.filter { $0.verdict == .passed }
    for feature in CPUIDFeature.all {
      let derived = FeatureWord(
        feature.leaf, feature.subleaf, feature.register, passed: mask(feature, passed.flatMap(\.features)),
        kernelAPIC: mask(feature, passed.filter(\.needsKernelAPIC).flatMap(\.features)))
      #expect(FeatureWord.of(feature) == derived)
    }
    for word in FeatureWord.all {
      let features = CPUIDFeature.all.filter { FeatureWord.of($0) == word }
      #expect(!features.isEmpty, "\(word)")
    }
  }

  @Test func everyLeafHasOneRow() {
    for leaf in Array(UInt32(0)...0x30) + Array(0x4000_0000...0x4000_0020) + Array(0x8000_0000...0x8000_0030)
    {
      #expect(CPUIDLeafRule.all.filter { $0.leaves.contains(leaf) }.count <= 1, "\(leaf)")
    }
  }

  @Test func aWordOfFeaturesIsNotPassedWhole() {
    for rule in CPUIDLeafRule.all {
      for register in rule.whole {
        let words = CPUIDFeature.all.filter { rule.leaves.contains($0.leaf) && $0.register == register }
        // Leaf 7 has its highest subleaf where the subleaves have features, leaf 0xD its components.
        #expect(words.allSatisfy { [0x7, 0xD].contains($0.leaf) && $0.subleaf != 0 }, "\(words)")
      }
    }
  }

  @Test func everyReasonSaysSomething() {
    let reasons =
      CPUIDFeatureRule.all.map(\.reason) + CPUIDLeafRule.all.map(\.reason) + MSRRule.all.map(\.reason)
    #expect(reasons.allSatisfy { !$0.isEmpty && !$0.hasSuffix(".") })
  }

  @Test func conditionsOfRegistersNameFeaturesThatCanBeSeen() {
    for rule in MSRRule.all {
      let names: [Substring] =
        switch rule.condition {
        case .features(let names): names.split(separator: " ")
        case .ownLocalAPICs(let feature): [Substring(feature)]
        default: []
        }
      for name in names {
        let owner = CPUIDFeatureRule.all.first { $0.names.split(separator: " ").contains(name) }
        #expect(owner != nil && owner?.verdict != .hidden, "\(name)")
      }
    }
  }
}
