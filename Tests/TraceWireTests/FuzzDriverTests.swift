import FuzzSupport
import Testing

/// What looks for mistakes finds one, and finds it again.
@Suite struct FuzzDriverTests {
    /// Wrong for inputs with an opening bracket after a comma.
    private static let mistaken = FuzzTarget("mistaken", texts: ["a,b,c"], words: ["["]) { $0.contains(",[") ? "a bracket after a comma" : nil }

    @Test func aMistakeIsFoundAndItsInputIsTold() throws {
        var fed: [UInt8] = []
        var driver = FuzzDriver(seed: 1) { fed = $0 }
        let found = driver.run(Self.mistaken, for: .seconds(600))
        let finding = try #require(found)
        #expect(finding.reason == "a bracket after a comma")
        #expect(finding.input == fed)
        #expect(Self.mistaken.check(finding.input) != nil)
    }

    @Test func theSameSeedFindsTheSame() throws {
        let findings = try (0..<2).map { _ in
            var driver = FuzzDriver(seed: 7)
            let found = driver.run(Self.mistaken, for: .seconds(600))
            let finding = try #require(found)
            return (finding.input, driver.inputs)
        }
        #expect(findings[0] == findings[1])
    }

    /// Seeds are good inputs: damage to what is refused anyway would find little.
    @Test(arguments: WireFuzzTargets.all)
    func seedsAreFedFirst(target: FuzzTarget) {
        for seed in target.seeds { #expect(target.check(seed) == nil) }
        #expect(!target.seeds.isEmpty)
    }
}
