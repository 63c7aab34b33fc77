import Testing
import TraceModel
import TraceQuery

@testable import TraceQuery

@Suite("Error groups")
struct ErrorGroupsTests {
    @Test(
        "what differs from one occurrence to the next is masked",
        arguments: [
            ("timeout after 250 ms", "timeout after <n> ms"), ("no model \"bert\" at 10.0.0.7:8001", "no model \"…\" at <n>.<n>.<n>.<n>:<n>"),
            ("trace 4bf92f3577b34da6a3ce929d0e0e4736 lost", "trace <id> lost"), ("id 123e4567-e89b-12d3-a456-426614174000", "id <id>"),
            ("model 'passthrough_0_1' can't run", "model '…' can't run"), ("at 0xdeadbeef01", "at <id>"), ("line one\nline two", "line one"), ("", ""),
            ("unclosed \"quote", "unclosed \"quote"),
        ]
    )
    func masks(message: String, template: String) {
        #expect(ErrorTemplate.mask(message) == template)
    }

    private func errors(_ message: String, events: [(String, UInt64)] = [], attributes: [Attribute] = []) -> [TraceError] {
        TraceError.all(
            in: tree(
                span(1, "InferRequest", kind: .server, start: 1000, end: 2000, status: .error("failed below")),
                span(
                    2, parent: 1, "m", start: 1100, end: 1900, attributes: [Attribute("triton.model_name", "m"), Attribute("triton.model_version", 2)] + attributes,
                    events: [("QUEUE_START", 1200)] + events, status: .error(message)
                )
            )
        )
    }

    @Test("the innermost failed span tells, with its model and stage")
    func innermost() throws {
        let found = errors("shape 3 is wrong", attributes: [Attribute("error.type", "INVALID_ARG")])
        #expect(found.count == 1)
        let error = try #require(found.first)
        #expect(error.signature == TraceError.Signature(service: "service", model: "m", spanName: "m", exceptionType: "INVALID_ARG", template: "shape <n> is wrong"))
        #expect(error.version == "2")
        #expect(error.stage == .queue)
        #expect(error.waiting == nil)
        #expect(error.signature.id.count == 16)
    }

    @Test("errors of waiting have names of their own")
    func waiting() {
        #expect(errors("Request timeout expired").first?.waiting == .queueTimeout)
        #expect(errors("Exceeds maximum queue size").first?.waiting == .queueFull)
        #expect(errors("gone", events: [("REQUEST_CANCELLED", 1300)]).first?.waiting == .cancelledByClient)
        #expect(errors("overflow", attributes: [Attribute("response_flags", "UO")]).first?.waiting == .shedByGateway)
        #expect(errors("Request timeout expired").first?.signature.template == "queue timeout")
    }

    @Test("the same error is one group, with weights, times and examples")
    func groups() throws {
        var groups = ErrorGroups()
        for (index, number) in [7, 8, 9].enumerated() {
            for var error in errors("item \(number) is missing") {
                error.time = 100 + UInt64(index)
                groups.add(error, weight: 10)
            }
        }
        for error in errors("other") { groups.add(error) }
        #expect(groups.sorted.map(\.signature.template) == ["item <n> is missing", "other"])
        let first = try #require(groups.sorted.first)
        #expect(first.count == 30)
        #expect(first.sampleCount == 3)
        #expect(first.firstSeen == 100)
        #expect(first.lastSeen == 102)
        #expect(first.examples.map(\.time) == [102, 101, 100])
        #expect(first.versions == ["2": 30])
    }
}
