import NIOCore
import NIOPosix
import Synchronization
import TraceModel
import TraceWire

/// A Jaeger agent: a UDP socket on a port of the system's choice that keeps the datagrams it gets.
final class DatagramSink: Sendable {
    private let datagrams = Mutex<[[UInt8]]>([])
    private let address: String

    init(address: String = "127.0.0.1") {
        self.address = address
    }

    var received: [[UInt8]] { datagrams.withLock { $0 } }

    /// The spans of all datagrams.
    var batches: [SpanBatch] {
        get throws { try received.map { try JaegerThrift.decodeCompactMessage($0).batch } }
    }

    var spans: [TraceModel.Span] {
        get throws { try batches.flatMap { $0.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } } }
    }

    /// Listens while the body runs; the body gets the port.
    func serve<Result>(port: Int = 0, _ body: (_ port: Int) async throws -> Result) async throws -> Result {
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_rcvbuf), value: 4 << 20)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_536))
            .channelInitializer { $0.pipeline.addHandler(Keeper(sink: self)) }
            .bind(host: address, port: port).get()
        do {
            let result = try await body(channel.localAddress?.port ?? 0)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// A port that no one listens on.
    static func unusedPort() async throws -> Int {
        try await DatagramSink().serve { $0 }
    }

    private final class Keeper: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        let sink: DatagramSink

        init(sink: DatagramSink) { self.sink = sink }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).data.readableBytesView)
            sink.datagrams.withLock { $0.append(bytes) }
        }
    }
}
