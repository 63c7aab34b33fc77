package import NIOCore
internal import NIOHTTP1

/// Ends what would otherwise stay open: the connection of a client of HTTP/1.0 after its answer, and that of a client who sends a head
/// and then not the whole body.
///
/// Stands next to the HTTP decoder, where the version of a request is still known.
final class RequestEndHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let bodyTimeout: TimeAmount
    private var deadline: Scheduled<Void>?
    /// For each request that is not answered yet, whether the connection stays open behind its answer.
    private var staysOpen: [Bool] = []

    init(bodyTimeout: TimeAmount) {
        self.bodyTimeout = bodyTimeout
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            staysOpen.append(head.isKeepAlive)
            let channel = context.channel
            deadline?.cancel()
            deadline = context.eventLoop.scheduleTask(in: bodyTimeout) { channel.close(promise: nil) }
        case .body: break
        case .end:
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where staysOpen.first == false && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where !staysOpen.isEmpty && !staysOpen.removeFirst():
            let channel = context.channel
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.write(data, promise: written)
        default:
            context.write(data, promise: promise)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        context.fireChannelInactive()
    }
}

/// Puts a ``RequestEndHandler`` next to the HTTP decoder, which is added before the handlers that a server may name.
package final class RequestEndInstaller: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = NIOAny

    private let bodyTimeout: TimeAmount

    package init(bodyTimeout: TimeAmount) {
        self.bodyTimeout = bodyTimeout
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        // There is no HTTP without the decoder; without it nothing is bounded, and nothing breaks.
        guard let decoder = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self) else { return }
        try? pipeline.addHandler(RequestEndHandler(bodyTimeout: bodyTimeout), position: .after(decoder))
    }
}
