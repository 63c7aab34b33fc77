package import NIOCore
internal import NIOHTTP1

/// Ends what would otherwise stay open: the connection of a client of HTTP/1.0 after its answer, that of a client who sends a head and then
/// not the whole body, and that of one who does not read its answer.
///
/// Stands next to the HTTP decoder, where the version of a request is still known.
final class RequestEndHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request that is not answered yet.
    private struct Unanswered {
        var version: HTTPVersion
        /// The connection stays open behind its answer.
        var staysOpen: Bool
    }

    private let bodyTimeout: TimeAmount
    private let stallTimeout: TimeAmount
    private var deadline: Scheduled<Void>?
    /// Runs while nothing more can be written, because the client does not read.
    private var stall: Scheduled<Void>?
    private var unanswered: [Unanswered] = []

    init(bodyTimeout: TimeAmount, stallTimeout: TimeAmount) {
        self.bodyTimeout = bodyTimeout
        self.stallTimeout = stallTimeout
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered.append(Unanswered(version: head.version, staysOpen: head.isKeepAlive))
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
        case .head(var head) where head.status.code >= 200 && !unanswered.isEmpty:
            // Before HTTP/1.1 a body of unknown length ends with the connection: there are no chunks.
            if (unanswered[0].version.major, unanswered[0].version.minor) < (1, 1), !head.headers.contains(name: "Content-Length") {
                head.version = .http1_0
                head.headers.remove(name: "Transfer-Encoding")
                unanswered[0].staysOpen = false
            }
            if !unanswered[0].staysOpen { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where !unanswered.isEmpty && !unanswered.removeFirst().staysOpen:
            let channel = context.channel
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.write(data, promise: written)
        default:
            context.write(data, promise: promise)
        }
    }

    /// A writer is told to go on when most of what it wrote is gone: one who takes nothing for so long is not waited for any more.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let channel = context.channel
        stall?.cancel()
        stall = channel.isWritable ? nil : context.eventLoop.scheduleTask(in: stallTimeout) { channel.close(promise: nil) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        stall?.cancel()
        stall = nil
        context.fireChannelInactive()
    }
}

/// Puts a ``RequestEndHandler`` next to the HTTP decoder, which is added before the handlers that a server may name.
package final class RequestEndInstaller: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = NIOAny

    /// How long the reader of an answer may take for one piece of it.
    package static let defaultStallTimeout = TimeAmount.seconds(60)

    private let bodyTimeout: TimeAmount
    private let stallTimeout: TimeAmount

    package init(bodyTimeout: TimeAmount, stallTimeout: TimeAmount = defaultStallTimeout) {
        self.bodyTimeout = bodyTimeout
        self.stallTimeout = stallTimeout
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        // There is no HTTP without the decoder; without it nothing is bounded, and nothing breaks.
        guard let decoder = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self) else { return }
        try? pipeline.addHandler(RequestEndHandler(bodyTimeout: bodyTimeout, stallTimeout: stallTimeout), position: .after(decoder))
    }
}
