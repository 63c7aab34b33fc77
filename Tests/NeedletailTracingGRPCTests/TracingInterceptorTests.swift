import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NeedletailTracing
import NeedletailTracingGRPC
import Testing
import TraceModel
import Tracing

@Suite("Spans of gRPC calls", .timeLimit(.minutes(20)))
struct TracingInterceptorTests {
    private typealias Client = GRPCClient<HTTP2ClientTransport.Posix>
    private let memory = InMemorySpanExporter()

    /// A server and a client on a socket, with interceptors on both sides.
    private func withService(
        tracer: NeedletailTracer,
        configuration: GRPCTracingConfiguration = GRPCTracingConfiguration(),
        clientIsTraced: Bool = true,
        _ body: @escaping @Sendable (Client) async throws -> Void
    ) async throws {
        let server = GRPCServer(
            transport: .http2NIOPosix(address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext),
            services: [StockService(tracer: tracer)],
            interceptors: [TracingServerInterceptor(tracer: tracer, configuration: configuration)]
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            let port = try #require(try await server.listeningAddress?.ipv4?.port)
            try await withGRPCClient(
                transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext),
                interceptors: clientIsTraced
                    ? [TracingClientInterceptor(tracer: tracer, server: "stock.example", port: 9000, configuration: configuration)] : []
            ) { client in try await body(client) }
            server.beginGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private func call(_ name: String, _ client: Client, messages: [[UInt8]] = [[7]], metadata: Metadata = [:]) async throws -> [[UInt8]] {
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest(metadata: metadata) { try await $0.write(contentsOf: messages) },
            descriptor: StockService.method(name),
            serializer: Bytes(),
            deserializer: Bytes(),
            options: .defaults
        ) { response in
            var received: [[UInt8]] = []
            for try await message in response.messages { received.append(message) }
            return received
        }
    }

    /// The span of this kind, once it has ended.
    private func span(_ kind: TraceModel.SpanKind) async throws -> TraceModel.Span? {
        let deadline = ContinuousClock.now + .seconds(600)
        while ContinuousClock.now < deadline {
            if let span = memory.spans.first(where: { $0.kind == kind }) { return span }
            try await Task.sleep(for: .milliseconds(2))
        }
        return nil
    }

    @Test("Caller, client, server and handler are one trace")
    func oneTrace() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { client in
            let answer = try await tracer.withSpan("caller") { _ in try await call("Take", client) }
            #expect(answer == [[7]])
            let outgoing = try #require(try await span(.client))
            let incoming = try #require(try await span(.server))
            let caller = try #require(memory.span(named: "caller"))
            let work = try #require(memory.span(named: "take from the shelf"))
            #expect(outgoing.name == "shop.Stock/Take")
            #expect(incoming.name == "shop.Stock/Take")
            #expect(outgoing.parentSpanID == caller.spanID)
            #expect(incoming.parentSpanID == outgoing.spanID)
            #expect(work.parentSpanID == incoming.spanID)
            #expect(Set(memory.spans.map(\.traceID)).count == 1)
            for span in [outgoing, incoming] {
                #expect(span.attributes["rpc.system.name"] == "grpc")
                #expect(span.attributes["rpc.method"] == "shop.Stock/Take")
                #expect(span.attributes["rpc.response.status_code"] == "OK")
                #expect(span.attributes["network.peer.address"] == "127.0.0.1")
                #expect(span.status.code == .unset)
                #expect(span.events.isEmpty)
            }
            #expect(outgoing.attributes["server.address"] == "stock.example")
            #expect(outgoing.attributes["server.port"] == 9000)
            #expect(incoming.attributes["client.address"] == "127.0.0.1")
        }
    }

    @Test("A refusal fails the client's span only; a fault of the server fails both", arguments: [
        ("Refuse", "FAILED_PRECONDITION", TraceModel.SpanStatus.Code.unset), ("Break", "UNKNOWN", .error), ("Missing", "UNIMPLEMENTED", nil), ("Tear", "DATA_LOSS", .error),
    ] as [(String, AttributeValue, TraceModel.SpanStatus.Code?)])
    func errors(method: String, code: AttributeValue, server: TraceModel.SpanStatus.Code?) async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { client in
            await #expect(throws: RPCError.self) { try await call(method, client) }
            let outgoing = try #require(try await span(.client))
            #expect(outgoing.attributes["rpc.response.status_code"] == code)
            #expect(outgoing.attributes["error.type"] == code)
            #expect(outgoing.status.code == .error)
            // A method that does not exist never reaches the interceptors of the server.
            guard let server else { return }
            let incoming = try #require(try await span(.server))
            #expect(incoming.attributes["rpc.response.status_code"] == code)
            #expect(incoming.status.code == server)
        }
    }

    @Test("An error that is none of gRPC is an exception on the server's span")
    func exception() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { client in
            await #expect(throws: RPCError.self) { try await call("Break", client) }
            let incoming = try #require(try await span(.server))
            #expect(incoming.events.first?.name == "exception")
            #expect(incoming.events.first?.attributes["exception.message"] == "the shelf is broken")
            #expect(incoming.status.message == "the shelf is broken")
            #expect(incoming.attributes["error.type"] == incoming.events.first?.attributes["exception.type"])
        }
    }

    @Test("What a stream does is within the server's span, which lives until the stream ends")
    func streaming() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { client in
            await #expect(throws: RPCError.self) { try await call("Tear", client) }
            let incoming = try #require(try await span(.server))
            let within = try #require(memory.span(named: "within the stream"))
            #expect(within.parentSpanID == incoming.spanID)
            #expect(within.endTime <= incoming.endTime)
        }
    }

    @Test("Messages are events when asked for")
    func messages() async throws {
        let tracer = NeedletailTracer(processor: memory)
        var configuration = GRPCTracingConfiguration()
        configuration.recordsMessages = true
        configuration.capturedRequestMetadata = ["X-Tenant"]
        try await withService(tracer: tracer, configuration: configuration) { client in
            #expect(try await call("Count", client, messages: [[1], [2]], metadata: ["x-tenant": "blue", "secret": "s"]).count == 6)
            let outgoing = try #require(try await span(.client))
            let incoming = try #require(try await span(.server))
            func types(_ span: TraceModel.Span) -> [String] {
                span.events.compactMap { event in
                    guard case .string(let type)? = event.attributes["rpc.message.type"] else { return nil }
                    return type
                }
            }
            #expect(types(outgoing).filter { $0 == "SENT" }.count == 2)
            #expect(types(outgoing).filter { $0 == "RECEIVED" }.count == 6)
            #expect(types(incoming).filter { $0 == "SENT" }.count == 6)
            #expect(types(incoming).filter { $0 == "RECEIVED" }.count == 2)
            #expect(incoming.attributes["rpc.request.metadata.x-tenant"] == .array(["blue"]))
            #expect(!incoming.attributes.contains { $0.key.contains("secret") })
        }
    }

    @Test("An excluded method or service has no spans", arguments: ["shop.Stock", "shop.Stock/Take"])
    func excluded(name: String) async throws {
        let tracer = NeedletailTracer(processor: memory)
        var configuration = GRPCTracingConfiguration()
        configuration.excludedMethods = [name]
        try await withService(tracer: tracer, configuration: configuration) { client in
            let answer = try await call("Take", client)
            #expect(answer == [[7]])
        }
        #expect(memory.spans.map(\.name) == ["take from the shelf"])
    }

    @Test("What is not sampled leaves no spans, on neither side and in no stream")
    func unsampled() async throws {
        let clientTracer = NeedletailTracer(processor: memory, sampler: AlwaysOffSampler())
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { client in
            await clientTracer.withSpan("caller") { _ in
                _ = try? await call("Take", client)
                _ = try? await call("Tear", client)
                _ = try? await call("Break", client)
            }
        }
        #expect(memory.spans.isEmpty)
    }

    @Test("A malformed traceparent starts a new trace")
    func malformed() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer, clientIsTraced: false) { client in
            #expect(try await call("Take", client, metadata: ["traceparent": "nonsense"]) == [[7]])
            let incoming = try #require(try await span(.server))
            #expect(incoming.parentSpanID == nil)
            #expect(incoming.traceID.isValid)
        }
    }

    @Test("Calls at once are children of their own callers")
    func concurrency() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<20 {
                    group.addTask { try await tracer.withSpan("caller \(index)") { _ in _ = try await call("Take", client) } }
                }
                try await group.waitForAll()
            }
        }
        let callers = Dictionary(uniqueKeysWithValues: memory.spans.filter { $0.name.hasPrefix("caller") }.map { ($0.spanID, $0.traceID) })
        let outgoing = memory.spans.filter { $0.kind == .client }
        let incoming = memory.spans.filter { $0.kind == .server }
        #expect(callers.count == 20 && outgoing.count == 20 && incoming.count == 20)
        #expect(outgoing.allSatisfy { span in span.parentSpanID.map { callers[$0] == span.traceID } ?? false })
        #expect(Set(incoming.map(\.parentSpanID)) == Set(outgoing.map(\.spanID)))
    }
}
