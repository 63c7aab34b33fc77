import FuzzSupport
import Testing

/// Every decoder, with seeds and damage of its own; `NEEDLETAIL_FUZZ_SECONDS` sets how long each runs, `needletail-fuzz` runs for longer.
@Suite struct DecoderFuzzTests {
    @Test(arguments: WireFuzzTargets.all)
    func damagedInput(target: FuzzTarget) {
        var driver = FuzzDriver(seed: 20_261_121)
        if let finding = driver.run(target, for: Fuzzer.duration) { Issue.record("\(target.name): \(finding)") }
        #expect(driver.inputs > target.seeds.count)
    }
}
