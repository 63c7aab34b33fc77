internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import NeedletailTracing

/// Sends prepared export requests over gRPC, some at a time on each connection, and measures until each is acknowledged.
struct GRPCIngestLoad {
    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }
        func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    private static let method = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService"), method: "Export"
    )

    var port: Int
    var connections: Int
    var callsPerConnection = 2
    var seconds: Double
    var spansPerRequest: Int
    var attributesPerSpan: Int
    var maximumRequests: Int

    func run() async throws -> IngestLoad.Result {
        var maker = SpanRequests(encoding: .protobuf, spansPerRequest: spansPerRequest, attributesPerSpan: attributesPerSpan)
        let time = WallClock.now()
        let bodies = (0..<maximumRequests).map { _ in maker.next(at: time) }
        let workers = connections * callsPerConnection
        let clock = ContinuousClock()
        let began = clock.now
        let end = began + .seconds(seconds)
        var result = try await withThrowingTaskGroup(of: IngestLoad.Result.self) { group in
            for connection in 0..<connections {
                group.addTask {
                    try await withGRPCClient(transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)) { client in
                        try await withThrowingTaskGroup(of: IngestLoad.Result.self) { calls in
                            for call in 0..<callsPerConnection {
                                calls.addTask {
                                    var result = IngestLoad.Result()
                                    // Each worker has every so-manieth request.
                                    var next = connection * callsPerConnection + call
                                    while next < bodies.count, clock.now < end {
                                        let sent = clock.now
                                        do {
                                            _ = try await client.unary(
                                                request: ClientRequest(message: bodies[next]), descriptor: Self.method, serializer: Bytes(), deserializer: Bytes(),
                                                options: .defaults
                                            ) { try $0.message }
                                        } catch let error as RPCError where error.code == .resourceExhausted || error.code == .unavailable {
                                            result.refused += 1
                                            continue
                                        }
                                        let passed = sent.duration(to: clock.now).components
                                        result.latencies.append(Double(passed.seconds) + Double(passed.attoseconds) / 1e18)
                                        result.requests += 1
                                        result.bytes += bodies[next].count
                                        next += workers
                                    }
                                    return result
                                }
                            }
                            return try await Self.sum(&calls)
                        }
                    }
                }
            }
            return try await Self.sum(&group)
        }
        let passed = began.duration(to: clock.now).components
        result.seconds = Double(passed.seconds) + Double(passed.attoseconds) / 1e18
        return result
    }

    private static func sum(_ group: inout ThrowingTaskGroup<IngestLoad.Result, any Error>) async throws -> IngestLoad.Result {
        var total = IngestLoad.Result()
        for try await part in group {
            total.requests += part.requests
            total.refused += part.refused
            total.bytes += part.bytes
            total.latencies += part.latencies
        }
        return total
    }
}
