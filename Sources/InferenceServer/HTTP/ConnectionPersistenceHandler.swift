internal import NIOCore
internal import NIOHTTP1

/// Says on each request, in the one form that the server looks for, whether its connection ends with it (RFC 9112, section 9.3).
///
/// HTTP/1.0 ends by default: `ab` and other old clients wait for that. One that asks for `keep-alive` is told that it got it.
/// It also tells when the client has ended its side of the connection.
final class ConnectionPersistenceHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// For each request that is not answered yet, in order: whether it must be told that its connection is kept.
    private var mustTellKeepAlive = CircularBuffer<Bool>(initialCapacity: 2)
    private let clientLeft: EventLoopPromise<Void>

    /// - Parameter clientLeft: fulfilled at the end of the client's side, and at the latest with the connection's.
    init(clientLeft: EventLoopPromise<Void>) { self.clientLeft = clientLeft }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { clientLeft.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clientLeft.succeed()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { clientLeft.succeed() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let isKept = head.isKeepAlive
        mustTellKeepAlive.append(isKept && head.version == .http1_0)
        guard !isKept else { return context.fireChannelRead(data) }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // A request that could not be parsed is answered without having been seen here.
        guard case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200, mustTellKeepAlive.popFirst() == true else {
            return context.write(data, promise: promise)
        }
        head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}
