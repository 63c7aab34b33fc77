import Testing
import TraceModel

/// Cases of the OpenTelemetry specification, "TraceState: Probability Sampling" and "TraceState Handling".
@Suite("Sampling threshold")
struct SamplingThresholdTests {
    @Test("The specification's table of 1-in-N", arguments: [
        (1, "0", "0", "0"), (2, "8", "8", "8"), (3, "aab", "aaab", "aaaab"), (4, "c", "c", "c"), (5, "ccd", "cccd", "ccccd"), (8, "e", "e", "e"),
        (10, "e66", "e666", "e6666"), (16, "f", "f", "f"), (100, "fd71", "fd70a", "fd70a4"), (1000, "ffbe7", "ffbe77", "ffbe76d"),
        (10_000, "fff972", "fff9724", "fff97247"), (100_000, "ffff584", "ffff583a", "ffff583a5"), (1_000_000, "ffffef4", "ffffef39", "ffffef391"),
    ])
    func table(n: Int, three: String, four: String, five: String) throws {
        for (precision, text) in [(3, three), (4, four), (5, five)] {
            let threshold = try #require(SamplingThreshold(probability: 1 / Double(n), precision: precision))
            #expect(threshold.description == text)
            #expect(SamplingThreshold(text: text) == threshold)
        }
        // Four digits are the default, and good for a few parts in ten thousand.
        let threshold = try #require(SamplingThreshold(probability: 1 / Double(n)))
        #expect(threshold.description == four)
        #expect(abs(threshold.adjustedCount / Double(n) - 1) < 2e-4)
    }

    @Test("Below 2^-56 is never, at and above 1 always, and a number is none when it is not")
    func bounds() {
        #expect(SamplingThreshold(probability: 0x1p-56)?.description == "ffffffffffffff")
        #expect(SamplingThreshold(probability: 0x1p-56)?.adjustedCount == 0x1p56)
        #expect(SamplingThreshold(probability: 0x1.fffffffffffffp-57) == nil)
        for never in [0, -1, -Double.infinity, .nan, .leastNonzeroMagnitude] { #expect(SamplingThreshold(probability: never) == nil) }
        for always in [1, 1.5, .infinity] { #expect(SamplingThreshold(probability: always) == .always) }
    }

    @Test("Near 1 the leading zeros do not count as digits, as in the Collector", arguments: [
        (1 - 0x1p-53, 4, "00000000000008"), (0.99999999, 4, "0000002af3"), (1 - 0x1p-9, 1, "008"), (Double(Float((1 - 8e-7) * 100)) / 100, 10, "00000cccccccd"), (0.75, 1, "4"),
    ] as [(Double, Int, String)])
    func nearOne(probability: Double, precision: Int, text: String) {
        #expect(SamplingThreshold(probability: probability, precision: precision)?.description == text)
    }

    /// Of its tests.
    @Test("The Collector's thresholds", arguments: [
        (0.01, 4, "fd70a"), (0.01, 3, "fd71"), (0.4, 3, "99a"), (0.2, 6, "cccccd"), (0.4, 6, "99999a"), (0x1p-14, 4, "fffc"), (0x1p-28, 4, "fffffff"),
    ] as [(Double, Int, String)])
    func collector(probability: Double, precision: Int, text: String) {
        #expect(SamplingThreshold(probability: probability, precision: precision)?.description == text)
    }

    @Test("Any probability gives a threshold near it, whatever the precision")
    func anyProbability() throws {
        for exponent in 0...56 {
            for factor in [1.0, 1.0001, 1.37, 1.5, 1.9999] {
                let probability = min(1, factor * Double(sign: .plus, exponent: -exponent, significand: 1))
                for precision in [-3, 1, 4, 14, 99] {
                    let threshold = try #require(SamplingThreshold(probability: probability, precision: precision))
                    #expect(threshold.value < SamplingThreshold.limit)
                    #expect(SamplingThreshold(text: threshold.description) == threshold)
                    // One hex digit is within a half of it.
                    #expect((0.5...2).contains(threshold.probability / probability))
                }
            }
        }
    }

    @Test("th is filled up with zeros on the right", arguments: [("0", 0), ("c", 0xc0_0000_0000_0000), ("fd70a4", 0xfd_70a4_0000_0000), ("00000000000001", 1), ("8000", 0x80_0000_0000_0000)])
    func text(text: String, value: UInt64) {
        #expect(SamplingThreshold(text: text)?.value == value)
    }

    @Test("What is no th", arguments: ["", "C", "g", "0x8", "000000000000000", "-1", " 8", "8 "])
    func malformed(text: String) {
        #expect(SamplingThreshold(text: text) == nil)
    }

    @Test("A quarter of all is a count of four")
    func adjustedCount() throws {
        let quarter = try #require(SamplingThreshold(traceState: "ot=th:c"))
        #expect(quarter.probability == 0.25)
        #expect(quarter.adjustedCount == 4)
        #expect(quarter.accepts(0xc0_0000_0000_0000))
        #expect(!quarter.accepts(0xbf_ffff_ffff_ffff))
        var span = Span(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "", startTime: 0, endTime: 0)
        #expect(span.adjustedCount == nil)
        span.traceState = "vendor=1,ot=rv:6e6d1a75832a2f;th:c"
        #expect(span.adjustedCount == 4)
    }

    @Test("Randomness is rv, else the low 56 bits of the trace id", arguments: [
        ("", 0xff_ffff_ffff_ffff), ("ot=rv:6e6d1a75832a2f", 0x6e6d_1a75_832a_2f), ("a=1,ot=th:8;rv:00000000000001", 1),
        // Malformed: not fourteen lower-case digits.
        ("ot=rv:6e6d1a75832a2", 0xff_ffff_ffff_ffff), ("ot=rv:6E6D1A75832A2F", 0xff_ffff_ffff_ffff), ("ot=rv:6e6d1a75832a2f0", 0xff_ffff_ffff_ffff), ("not=rv:6e6d1a75832a2f", 0xff_ffff_ffff_ffff),
    ] as [(String, UInt64)])
    func randomness(traceState: String, expected: UInt64) {
        let context = TraceContext(traceID: TraceID(high: 0, low: 0xabff_ffff_ffff_ffff), spanID: SpanID(1), flags: [], traceState: traceState)
        #expect(context.randomness == expected)
    }

    @Test("th is set and erased; other members and sub-keys stay, and ours moves to the front when it changes", arguments: [
        ("", "8", "ot=th:8"), ("", nil, ""), ("ot=th:8", "8", "ot=th:8"), ("a=1,ot=th:8,b=2", "8", "a=1,ot=th:8,b=2"), ("a=1,ot=th:c,b=2", "8", "ot=th:8,a=1,b=2"),
        ("a=1,b=2", "8", "ot=th:8,a=1,b=2"), ("a=1,ot=p:8;th:c;r:62", "8", "ot=th:8;p:8;r:62,a=1"), ("a=1,ot=p:8;th:c;r:62", nil, "ot=p:8;r:62,a=1"),
        ("a=1,ot=th:c,b=2", nil, "a=1,b=2"), ("ot=th:c", nil, ""), ("a=1", nil, "a=1"), ("ot=rv:6e6d1a75832a2f", "8", "ot=th:8;rv:6e6d1a75832a2f"),
        ("ot=th:broken;k:1", nil, "ot=k:1"), ("ot=th:broken", "0", "ot=th:0"), ("tenant@ot=th:c", "8", "ot=th:8,tenant@ot=th:c"),
    ] as [(String, String?, String)])
    func setting(text: String, threshold: String?, expected: String) {
        #expect(OpenTelemetryTraceState.traceState(text, settingThreshold: threshold.flatMap { SamplingThreshold(text: $0) }) == expected)
    }

    @Test("A 33rd member falls off the end, and a member of more than 256 characters gets no th")
    func settingLimits() {
        let members = (1...32).map { "k\($0)=v" }
        let text = OpenTelemetryTraceState.traceState(members.joined(separator: ","), settingThreshold: .always)
        #expect(text == (["ot=th:0"] + members.dropLast()).joined(separator: ","))
        #expect(TraceContext.normalizedTraceState(text) == text)
        let full = "k:" + String(repeating: "x", count: 252)
        #expect(OpenTelemetryTraceState.traceState("ot=\(full)", settingThreshold: .always) == "ot=\(full)")
        #expect(OpenTelemetryTraceState.traceState("a=1,ot=\(full)", settingThreshold: .always) == "a=1,ot=\(full)")
    }
}
