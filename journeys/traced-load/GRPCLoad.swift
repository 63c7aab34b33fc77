internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix

/// `ModelInfer`, one call after the other on each connection.
struct GRPCLoad: Sendable {
    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }
        func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    private static let method = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "inference.GRPCInferenceService"),
        method: "ModelInfer"
    )

    var options: LoadOptions
    var ledger: SpanLedger

    func run() async throws -> LoadOutcome {
        try await withThrowingTaskGroup(of: LoadOutcome.self) { group in
            for connection in 0..<options.connections {
                group.addTask {
                    try await withGRPCClient(
                        transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: options.port), transportSecurity: .plaintext)
                    ) { client in
                        await send(options.share(of: connection), client: client)
                    }
                }
            }
            return try await group.reduce(into: LoadOutcome()) { $0.add($1) }
        }
    }

    private func send(_ numbers: StrideTo<Int>, client: GRPCClient<HTTP2ClientTransport.Posix>) async -> LoadOutcome {
        let message = Self.request()
        var outcome = LoadOutcome()
        for number in numbers {
            var metadata = Metadata()
            metadata.addString(ledger.traceparent(number), forKey: "traceparent")
            var options = CallOptions.defaults
            options.timeout = .seconds(30)
            do {
                _ = try await client.unary(
                    request: ClientRequest(message: message, metadata: metadata),
                    descriptor: Self.method,
                    serializer: Bytes(),
                    deserializer: Bytes(),
                    options: options
                ) { try $0.message }
                outcome.answered += 1
            } catch {
                outcome.fail("\(error)")
            }
        }
        return outcome
    }

    /// `ModelInferRequest` for the passthrough model: one FP32 `sleep` of 0 and one BOOL `error` of false, raw.
    private static func request() -> [UInt8] {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        func tensor(_ name: String, _ dataType: String) -> [UInt8] {
            field(1, Array(name.utf8)) + field(2, Array(dataType.utf8)) + field(3, [1, 1])
        }
        return field(1, Array("passthrough".utf8)) + field(5, tensor("sleep", "FP32")) + field(5, tensor("error", "BOOL"))
            + field(7, [0, 0, 0, 0]) + field(7, [0])
    }
}
