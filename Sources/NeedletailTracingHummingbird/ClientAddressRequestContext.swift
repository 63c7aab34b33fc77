public import Hummingbird
public import NIOCore

/// Hummingbird's basic request context that knows who is connected: with it spans have `client.address` and
/// `network.peer.address`.
///
/// A context of your own does the same by conforming to Hummingbird's `RemoteAddressRequestContext`.
public struct ClientAddressRequestContext: RequestContext, RemoteAddressRequestContext {
    public var coreContext: CoreRequestContextStorage
    /// The other end of the connection; `nil` for one that is gone.
    public let remoteAddress: SocketAddress?

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
