import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import ProtobufCoding
import Synchronization
import Testing
import TraceStore

@testable import TraceStudio

/// Calls methods of Jaeger's query services with messages as bytes.
struct JaegerGRPCClient: Sendable {
    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }
        func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    private let client: GRPCClient<HTTP2ClientTransport.Posix>

    /// All messages of the answer.
    ///
    /// - Parameter method: with its service, such as `jaeger.api_v3.QueryService/GetTrace`.
    func call(_ method: String, _ message: [UInt8] = []) async throws -> [[UInt8]] {
        let parts = method.split(separator: "/").map(String.init)
        var options = CallOptions.defaults
        options.timeout = .seconds(600)
        return try await client.serverStreaming(
            request: ClientRequest(message: message),
            descriptor: MethodDescriptor(service: ServiceDescriptor(fullyQualifiedService: parts[0]), method: parts[1]),
            serializer: Bytes(), deserializer: Bytes(), options: options
        ) { response in
            var messages: [[UInt8]] = []
            for try await message in response.messages { messages.append(message) }
            return messages
        }
    }

    /// A server on a real socket, stopped when the body has run.
    static func run(
        store: any TraceStore, archive: (any TraceStore)? = nil, maximumClockSkew: UInt64 = 0, _ body: @Sendable @escaping (JaegerGRPCClient) async throws -> Void
    ) async throws {
        let (ports, portArrived) = AsyncStream.makeStream(of: Int.self)
        let server = JaegerQueryGRPCServer(
            host: "127.0.0.1", port: 0, store: store, archive: archive, maximumClockSkew: maximumClockSkew,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onListening: { portArrived.yield($0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await server.run() }
            var iterator = ports.makeAsyncIterator()
            let arrived = await iterator.next()
            let port = try #require(arrived)
            try await withGRPCClient(
                transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
            ) { try await body(JaegerGRPCClient(client: $0)) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

/// The fields of an answer, by number, as they come.
struct AnsweredFields {
    private(set) var numbers: [UInt32: [UInt64]] = [:]
    private(set) var messages: [UInt32: [[UInt8]]] = [:]

    init(_ bytes: [UInt8]) throws {
        var fields = (numbers: [UInt32: [UInt64]](), messages: [UInt32: [[UInt8]]]())
        try QueryCursor.parse(bytes, "answer") { (cursor, tag) throws(QueryMessageError) in
            switch tag & 7 {
            case 0: fields.numbers[tag >> 3, default: []].append(try cursor.varint())
            case 2: fields.messages[tag >> 3, default: []].append(Array(try cursor.bytes()))
            default: try cursor.skip(tag)
            }
        }
        (numbers, messages) = fields
    }

    func texts(_ field: UInt32) -> [String] { (messages[field] ?? []).map { String(decoding: $0, as: UTF8.self) } }

    func parts(_ field: UInt32) throws -> [AnsweredFields] { try (messages[field] ?? []).map(AnsweredFields.init) }
}
