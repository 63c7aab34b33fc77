internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Hummingbird's connection, which also closes those of clients that ask for it in other words than `Connection: close`, and
/// cancels what it computes for a client that goes away.
struct InferenceChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let http: HTTP1Channel.Value
        /// Fulfilled when the client will send nothing more.
        let clientLeft: EventLoopFuture<Void>

        var channel: any Channel { http.channel }
    }

    let http: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let clientLeft = channel.eventLoop.makePromise(of: Void.self)
            try pipeline.addHandler(ConnectionPersistenceHandler(clientLeft: clientLeft), position: .after(decoder))
            return Value(http: value, clientLeft: clientLeft.futureResult)
        }
    }

    /// A client that ends its sending before it has the answer counts as gone, as in nginx and Go: whether it still reads cannot
    /// be seen.
    func handle(value: Value, logger: Logger) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await http.handle(value: value.http, logger: logger) }
            group.addTask { try? await value.clientLeft.get() }
            await group.next()
            group.cancelAll()
        }
    }
}
