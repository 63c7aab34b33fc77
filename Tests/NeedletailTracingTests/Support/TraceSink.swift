import Compression
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import TraceModel
import TraceWire

/// A small OTLP/HTTP receiver on a port of the system's choice; it answers what the test tells it to.
final class TraceSink: Sendable {
    struct Answer: Sendable {
        var status: HTTPResponse.Status = .ok
        var headers: HTTPFields = [:]
        var body: [UInt8] = []
    }

    struct Received: Sendable {
        var path: String
        var headers: HTTPFields
        var body: [UInt8]
        var time: ContinuousClock.Instant

        /// The spans, decoded by what the headers say.
        var batch: SpanBatch {
            get throws {
                var bytes = body
                switch headers[.contentEncoding] {
                case "gzip"?, "deflate"?: bytes = try Gzip.decompress(bytes, maximumSize: 1 << 24)
                case "zstd"?: bytes = try Zstd.decompress(bytes, maximumSize: 1 << 24)
                default: break
                }
                return headers[.contentType] == "application/json" ? try OTLPJSON.decode(bytes).batch : try OTLPProtobuf.decode(bytes).batch
            }
        }
    }

    private let answers: Mutex<[Answer]>
    private let requests = Mutex<[Received]>([])

    /// - Parameter answers: one for each request in turn; after the last one, success.
    init(answers: [Answer] = []) {
        self.answers = Mutex(answers)
    }

    var received: [Received] { requests.withLock { $0 } }

    /// Listens while the body runs; the body gets the port.
    func serve<Result: Sendable>(_ body: @escaping @Sendable (_ port: Int) async throws -> Result) async throws -> Result {
        let router = Router()
        router.post("**") { request, _ in
            let bytes = try await request.body.collect(upTo: 1 << 24)
            self.requests.withLock {
                $0.append(
                    Received(path: request.uri.path, headers: request.headers, body: Array(bytes.readableBytesView), time: .now)
                )
            }
            let answer = self.answers.withLock { $0.isEmpty ? Answer() : $0.removeFirst() }
            return Response(status: answer.status, headers: answer.headers, body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "sink", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let services = ServiceGroup(configuration: .init(services: [application], logger: Logger(label: "sink", factory: { _ in SwiftLogNoOpLogHandler() })))
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let number = await iterator.next() ?? 0
            let result = try await body(number)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return result
        }
    }
}
