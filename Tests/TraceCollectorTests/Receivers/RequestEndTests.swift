import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import TraceStore
import TraceWire

@testable import TraceCollector

@Suite(.timeLimit(.minutes(20)))
struct RequestEndTests {
    /// Sends bytes over a connection and returns all that comes until the other side closes it.
    private static func exchange(port: Int, _ text: String, _ body: [UInt8] = []) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text + String(decoding: body, as: UTF8.self)))
            var answer = ""
            for try await buffer in inbound { answer += String(buffer: buffer) }
            return answer
        }
    }

    private static func withReceiver(_ limits: ReceiverLimits, _ body: @Sendable @escaping (HTTPReceiverFixture, Int) async throws -> Void) async throws {
        try await withHTTPReceiver(store: InMemoryTraceStore()) { ingest in
            OTLPHTTPReceiver(host: "127.0.0.1", port: 0, ingest: ingest, limits: limits, logger: quietLogger).server
        } _: { (receiver) async throws in
            try await body(receiver, try #require(receiver.client.port))
        }
    }

    @Test func aConnectionOfHTTP10EndsBehindItsAnswer() async throws {
        try await Self.withReceiver(ReceiverLimits()) { (receiver, port) async throws in
            let body = OTLPJSON.encode(batch(spans: 2))
            let head = "POST /v1/traces HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
            let answer = try await Self.exchange(port: port, head, body)
            #expect(answer.contains(" 200 OK\r\n"), "\(answer)")
            #expect(answer.contains("Connection: close\r\n"), "\(answer)")
            #expect(answer.hasSuffix("{}"))
            #expect(receiver.ingest.counters.committed == 2)
            // Also one that is refused.
            #expect(try await Self.exchange(port: port, "GET /v1/traces HTTP/1.0\r\n\r\n").contains(" 405 "))
        }
    }

    /// Whether the writer of an answer has ended.
    private final class Ended: Sendable { let flag = Mutex(false) }

    /// Answers with so many pieces of 128 KiB.
    private static func withAnswer(of pieces: Int, stallTimeout: TimeAmount, _ body: @Sendable @escaping (Int, Ended) async throws -> Void) async throws {
        let ended = Ended()
        let application = Application(
            responder: CallbackResponder { (_: Request, _: BasicRequestContext) in
                Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        defer { ended.flag.withLock { $0 = true } }
                        for _ in 0..<pieces { try await writer.write(ByteBuffer(repeating: UInt8(ascii: "#"), count: 128 * 1024)) }
                        try await writer.finish(nil)
                    }
                )
            },
            server: .http1(configuration: .init(additionalChannelHandlers: [RequestEndInstaller(bodyTimeout: .minutes(1), stallTimeout: stallTimeout)])),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), logger: quietLogger
        )
        try await application.test(.live) { client in try await body(try #require(client.port), ended) }
    }

    @Test func aReaderThatDoesNotReadIsGivenUp() async throws {
        try await Self.withAnswer(of: 400, stallTimeout: .milliseconds(500)) { (port, ended) async throws in
            // More than the buffers of both sides hold.
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false).connect(host: "127.0.0.1", port: port) { $0.eventLoop.makeSucceededFuture($0) }
            try await channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
            try await eventually("the writer is told") { ended.flag.withLock { $0 } }
            // The other side may have closed it already.
            try? await channel.close()
        }
    }

    @Test func aBodyWithoutLengthEndsWithTheConnectionOfHTTP10() async throws {
        try await Self.withAnswer(of: 20, stallTimeout: .minutes(1)) { (port, _) async throws in
            let answer = try await Self.exchange(port: port, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let head = answer.prefix { $0 != "#" }
            #expect(head.hasPrefix("HTTP/1.0 200 OK") && !head.lowercased().contains("chunked") && head.contains("Connection: close"), "\(head)")
            #expect(answer.utf8.count - head.utf8.count == 20 * 128 * 1024)
        }
    }

    @Test func aBodyThatDoesNotComeIsGivenUp() async throws {
        try await Self.withReceiver(ReceiverLimits(bodyTimeoutSeconds: 1)) { (receiver, port) async throws in
            let head = "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"
            // Returns when the receiver has closed the connection.
            _ = try? await Self.exchange(port: port, head)
            try await eventually("its memory is given back") { receiver.ingest.requestBytes.held == 0 }
            #expect(receiver.ingest.counters.committed == 0)
            let good = try await receiver.post(OTLPJSON.encode(batch(spans: 1)), to: "/v1/traces", type: "application/json")
            #expect(good.status == .ok)
        }
    }
}
