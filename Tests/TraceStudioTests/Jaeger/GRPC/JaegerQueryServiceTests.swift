import GRPCCore
import ProtobufCoding
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceStudio

/// Jaeger's query services over gRPC: every method of both versions, and what they refuse.
@Suite(.timeLimit(.minutes(20)))
struct JaegerQueryServiceTests {
    private static let version3 = "jaeger.api_v3.QueryService"
    private static let version2 = "jaeger.api_v2.QueryService"

    private static func run(_ batches: [SpanBatch] = shop, archive: (any TraceStore)? = nil, _ body: @Sendable @escaping (JaegerGRPCClient) async throws -> Void) async throws {
        let store = InMemoryTraceStore()
        try await store.append(batches)
        try await JaegerGRPCClient.run(store: store, archive: archive, body)
    }

    private static func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] { ProtobufWriter.message(body) }

    private static func timestamp(_ field: Int, _ nanoseconds: UInt64, _ writer: inout ProtobufWriter) {
        writer.message(field) { writer in
            writer.number(1, nanoseconds / 1_000_000_000)
            writer.number(2, nanoseconds % 1_000_000_000)
        }
    }

    /// `FindTracesRequest` over two hours.
    private static func find(service: String = "", _ more: (inout ProtobufWriter) -> Void = { _ in }) -> [UInt8] {
        message { writer in
            writer.message(1) { writer in
                writer.text(1, service)
                timestamp(4, Studio.now - 7_200_000_000_000, &writer)
                timestamp(5, Studio.now, &writer)
                more(&writer)
            }
        }
    }

    /// The code of a call that fails; `nil` when it does not.
    private static func code(_ client: JaegerGRPCClient, _ method: String, _ message: [UInt8] = []) async -> RPCError.Code? {
        do {
            _ = try await client.call(method, message)
            return nil
        } catch {
            return (error as? RPCError)?.code
        }
    }

    private static func spans(_ messages: [[UInt8]]) throws -> [Span] {
        try messages.flatMap { try OTLPProtobuf.decode($0).batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }
    }

    /// Ids of spans in `SpansResponseChunk { 1 spans { 2 span_id } }`.
    private static func spanIDs(_ messages: [[UInt8]]) throws -> [UInt64] {
        try messages.flatMap { try AnsweredFields($0).parts(1).map { $0.messages[2]?.first?.reduce(0) { $0 << 8 | UInt64($1) } ?? 0 } }
    }

    // MARK: Names

    @Test func servicesAndOperations() async throws {
        try await Self.run { (client) async throws in
            for version in [Self.version3, Self.version2] {
                let services = try await client.call("\(version)/GetServices")
                #expect(try services.map { try AnsweredFields($0).texts(1) } == [["front", "pay/ment"]])
                let field: UInt32 = version == Self.version2 ? 2 : 1
                let all = try await client.call("\(version)/GetOperations", Self.message { $0.text(1, "pay/ment") })
                let operation = try #require(try AnsweredFields(all[0]).parts(field).first)
                #expect(operation.texts(1) == ["pay"])
                #expect(operation.texts(2) == ["client"])
                if version == Self.version2 { #expect(try AnsweredFields(all[0]).texts(1) == ["pay"]) }
                let others = try await client.call("\(version)/GetOperations", Self.message { $0.text(1, "pay/ment"); $0.text(2, "server") })
                #expect(try AnsweredFields(others[0]).parts(field).isEmpty)
                #expect(await Self.code(client, "\(version)/GetOperations") == .invalidArgument)
                #expect(await Self.code(client, "\(version)/GetOperations", Self.message { $0.text(1, "front"); $0.text(2, "sideways") }) == .invalidArgument)
            }
        }
    }

    @Test func dependencies() async throws {
        try await Self.run { (client) async throws in
            let range = Self.message { writer in
                Self.timestamp(1, Studio.now - 7_200_000_000_000, &writer)
                Self.timestamp(2, Studio.now, &writer)
            }
            for version in [Self.version3, Self.version2] {
                let answer = try await client.call("\(version)/GetDependencies", range)
                let link = try #require(try AnsweredFields(answer[0]).parts(1).first)
                #expect(link.texts(1) == ["front"])
                #expect(link.texts(2) == ["pay/ment"])
                #expect(link.numbers[3] == [1])
                #expect(await Self.code(client, "\(version)/GetDependencies") == .invalidArgument)
            }
        }
    }

    // MARK: Version 3

    @Test func version3GivesTracesAsOTLP() async throws {
        try await Self.run { (client) async throws in
            let trace = try await client.call("\(Self.version3)/GetTrace", Self.message { $0.text(1, "00000000000000000000000000000010") })
            let spans = try Self.spans(trace)
            #expect(Set(spans.map(\.name)) == ["checkout", "pay"])
            #expect(spans.first { $0.name == "pay" }?.attributes["http.status_code"] == .int(500))
            // Without the zeros in front, too.
            #expect(try Self.spans(try await client.call("\(Self.version3)/GetTrace", Self.message { $0.text(1, "20") })).count == 1)
            #expect(await Self.code(client, "\(Self.version3)/GetTrace", Self.message { $0.text(1, "30") }) == .notFound)
            for id in ["", "xyz", "0123456789abcdef0123456789abcdef0"] {
                #expect(await Self.code(client, "\(Self.version3)/GetTrace", Self.message { $0.text(1, id) }) == .invalidArgument, "\(id)")
            }
        }
    }

    @Test func version3FindsTraces() async throws {
        try await Self.run { (client) async throws in
            func found(_ request: [UInt8]) async throws -> [String] {
                try Self.spans(try await client.call("\(Self.version3)/FindTraces", request)).map { "\($0.traceID.low) \($0.name)" }.sorted()
            }
            #expect(try await found(Self.find(service: "front")) == ["16 checkout", "16 pay", "32 checkout"])
            #expect(try await found(Self.find(service: "pay/ment")) == ["16 checkout", "16 pay"])
            #expect(try await found(Self.find(service: "front") { $0.text(2, "checkout"); $0.number(8, 1) }) == ["32 checkout"])
            #expect(try await found(Self.find { $0.entry(3, "http.status_code", "500") }) == ["16 checkout", "16 pay"])
            // Durations of seconds and nanoseconds.
            #expect(try await found(Self.find(service: "front") { Self.timestamp(6, 50_000_000, &$0) }) == ["16 checkout", "16 pay"])
            #expect(try await found(Self.find(service: "front") { Self.timestamp(7, 5_000_000, &$0) }) == ["32 checkout"])
            #expect(try await found(Self.find(service: "nobody")).isEmpty)
        }
    }

    @Test func version3TellsSummaries() async throws {
        try await Self.run { (client) async throws in
            let answer = try await client.call("\(Self.version3)/FindTraceSummaries", Self.find(service: "front"))
            #expect(try AnsweredFields(try #require(answer.first)).parts(1).count == 2)
        }
    }

    @Test func whatVersion3Refuses() async throws {
        try await Self.run { (client) async throws in
            let backwards = Self.message { writer in
                writer.message(1) { writer in
                    Self.timestamp(4, Studio.now, &writer)
                    Self.timestamp(5, Studio.now - 1, &writer)
                }
            }
            let requests: [[UInt8]] = [
                [], Self.message { $0.message(1) { $0.text(1, "front") } }, backwards, Self.find { $0.message(10) { $0.text(1, "x") } },
                // A message that ends too early, and a tag that is none.
                [0x0a, 9, 1], [0x07],
            ]
            for request in requests {
                for method in ["FindTraces", "FindTraceSummaries"] {
                    #expect(await Self.code(client, "\(Self.version3)/\(method)", request) == .invalidArgument, "\(method) \(request)")
                }
            }
            #expect(await Self.code(client, "\(Self.version3)/DeleteEverything") == .unimplemented)
        }
    }

    // MARK: Version 2

    private static func id(_ low: UInt64) -> [UInt8] {
        message { $0.bytes(0x0a, [UInt8](repeating: 0, count: 8) + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64($0))) }) }
    }

    @Test func version2GivesTracesAsJaegersModel() async throws {
        try await Self.run { (client) async throws in
            #expect(try Self.spanIDs(try await client.call("\(Self.version2)/GetTrace", Self.id(0x10))).sorted() == [1, 2])
            #expect(await Self.code(client, "\(Self.version2)/GetTrace", Self.id(0x30)) == .notFound)
            #expect(await Self.code(client, "\(Self.version2)/GetTrace", Self.message { $0.text(1, "short") }) == .invalidArgument)
            #expect(try Self.spanIDs(try await client.call("\(Self.version2)/FindTraces", Self.find(service: "pay/ment"))).sorted() == [1, 2])
            // Version 2 may leave the times out.
            #expect(try Self.spanIDs(try await client.call("\(Self.version2)/FindTraces", Self.message { $0.message(1) { $0.text(1, "front") } })).count == 3)
            #expect(await Self.code(client, "\(Self.version2)/FindTraces") == .invalidArgument)
        }
    }

    @Test func aLargeTraceComesInSeveralMessages() async throws {
        let spans = (1...1200).map { span(trace: 0x40, UInt64($0), parent: $0 == 1 ? nil : 1, "s", secondsAgo: 60, milliseconds: 1) }
        let large = SpanBatch(resource: Resource(attributes: [Attribute("service.name", "large")]), scope: InstrumentationScope(name: "test"), spans: spans)
        try await Self.run([large]) { (client) async throws in
            let third = try await client.call("\(Self.version3)/GetTrace", Self.message { $0.text(1, "40") })
            #expect(third.count == 3)
            #expect(Set(try Self.spans(third).map(\.spanID)).count == 1200)
            let second = try await client.call("\(Self.version2)/GetTrace", Self.id(0x40))
            #expect(second.count == 3)
            #expect(Set(try Self.spanIDs(second)).count == 1200)
        }
    }

    @Test func tracesAreKept() async throws {
        let archive = InMemoryTraceStore()
        try await Self.run(archive: archive) { (client) async throws in
            #expect(try await client.call("\(Self.version2)/ArchiveTrace", Self.id(0x10)) == [[]])
            #expect(try await archive.trace(TraceID(high: 0, low: 0x10))?.batch.spanCount == 2)
            #expect(await Self.code(client, "\(Self.version2)/ArchiveTrace", Self.id(0x30)) == .notFound)
        }
    }

    @Test func theServerTellsThatItServes() async throws {
        try await Self.run { (client) async throws in
            let answer = try await client.call("grpc.health.v1.Health/Check")
            #expect(try AnsweredFields(answer[0]).numbers[1] == [1])
        }
    }
}
