import JSONCoding
import Testing
import TraceModel

@testable import TraceStudio

@Suite("Selections beside the rest, and beside each other", .timeLimit(.minutes(20)))
struct SelectionAPITests {
    @Test("the planted cause of slow requests is found first", arguments: ["sel=duration%3E20ms", "sel=p70%2B", "d0=20ms"])
    func tail(selection: String) async throws {
        try await Studio.run(load) { (studio) async throws in
            let answer = try await studio.json("/api/ui/tail?\(selection)")
            #expect(answer["attributes"]?[0]?["key"]?.stringValue == "host")
            #expect(answer["attributes"]?[0]?["value"]?.stringValue == "slow")
            let stages = try #require(answer["stages"]?.arrayValue)
            let sum = stages.compactMap { $0["differenceNano"]?.doubleValue }.reduce(0, +)
            let gap = try #require(answer["gapNano"]?.doubleValue)
            #expect(abs(sum - gap) < 1)
            #expect(answer["sentences"]?.arrayValue?.count == 2)
        }
    }

    @Test("two selections beside each other")
    func compare() async throws {
        try await Studio.run(load) { (studio) async throws in
            let answer = try await studio.json("/api/ui/compare?q=model:m&a=-host:slow&b=host:slow")
            #expect(answer["a"]?["traces"]?.intValue == 40)
            #expect(answer["b"]?["traces"]?.intValue == 20)
            let infer = try #require(answer["rows"]?.arrayValue?.first { $0["stage"]?.stringValue == "infer" })
            let mean = try #require(infer["differences"]?[0])
            #expect(mean["certain"]?.boolValue == true)
            #expect(abs((mean["differenceNano"]?.doubleValue ?? 0) - 44_969_500) < 100_000)
            #expect(answer["rows"]?.arrayValue?.first { $0["stage"]?.stringValue == "queue" }?["differences"]?[0]?["certain"]?.boolValue == false)
            #expect(answer["a"]?["exemplars"]?.arrayValue?.count == 3)
            #expect(answer["sentences"]?.arrayValue?.count == 2)
            // A time of its own for one side: before there was anything.
            let before = try await studio.json("/api/ui/compare?a=&b=&a.from=1&a.to=2")
            #expect(before["a"]?["traces"]?.intValue == 0)
            #expect(before["b"]?["traces"]?.intValue == 60)
        }
    }

    @Test("the traces of a selection as one")
    func aggregate() async throws {
        try await Studio.run(load) { (studio) async throws in
            let answer = try await studio.json("/api/ui/aggregate?q=model:m&sel=host:slow")
            #expect(answer["traces"]?.intValue == 20)
            #expect(answer["baselineTraces"]?.intValue == 40)
            let infer = try #require(answer["frames"]?.arrayValue?.first { $0["stage"]?.stringValue == "infer" })
            #expect(infer["totalNano"]?.intValue == 50_000_000)
            #expect(abs((infer["baselineNano"]?.doubleValue ?? 0) - 5_030_500) < 100_000)
            #expect(infer["exemplars"]?.arrayValue?.isEmpty == false)
            let slowest = try await studio.json("/api/ui/aggregate?band=p99")
            #expect(slowest["traces"]?.intValue == 1)
        }
    }
}
