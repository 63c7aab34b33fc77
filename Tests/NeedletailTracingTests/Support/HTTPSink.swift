import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The plainest HTTP/1 server, for what `TraceSink` cannot be: one with TLS, at any address, or one that breaks off.
final class HTTPSink: Sendable {
    enum Behaviour: Sendable {
        /// 200 without a body.
        case accepts
        /// The connection is closed without an answer.
        case closes
        /// The head of a 200, and the connection is closed in the middle of the body.
        case breaksOff
    }

    private let behaviours: Mutex<[Behaviour]>
    private let bodies = Mutex<[[UInt8]]>([])

    /// - Parameter behaviours: one for each request in turn; after the last one, `accepts`.
    init(_ behaviours: [Behaviour] = []) {
        self.behaviours = Mutex(behaviours)
    }

    /// The bodies of all requests.
    var received: [[UInt8]] { bodies.withLock { $0 } }

    /// Listens while the body runs; the body gets the port.
    func serve<Result>(
        host: String = "127.0.0.1", tls: TLSConfiguration? = nil, _ body: (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: false)
                    try pipeline.addHandler(Handler(sink: self))
                }
            }
            .bind(host: host, port: 0).get()
        do {
            let result = try await body(channel.localAddress?.port ?? 0)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        let sink: HTTPSink
        var body: [UInt8] = []

        init(sink: HTTPSink) {
            self.sink = sink
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head: body = []
            case .body(let bytes): body += bytes.readableBytesView
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            sink.bodies.withLock { $0.append(body) }
            switch sink.behaviours.withLock({ $0.isEmpty ? .accepts : $0.removeFirst() }) {
            case .closes:
                context.close(promise: nil)
            case .breaksOff:
                let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "100"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: [0x0a])))), promise: nil)
                context.close(promise: nil)
            case .accepts:
                let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
