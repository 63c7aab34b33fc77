internal import NIOCore

/// Hands each datagram of a socket over.
final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let onDatagram: @Sendable ([UInt8]) -> Void
    private let onClose: @Sendable () -> Void
    private let onError: @Sendable (any Error) -> Void

    init(
        onDatagram: @escaping @Sendable ([UInt8]) -> Void,
        onClose: @escaping @Sendable () -> Void,
        onError: @escaping @Sendable (any Error) -> Void
    ) {
        self.onDatagram = onDatagram
        self.onClose = onClose
        self.onError = onError
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A copy: the buffer has room for several datagrams of the largest size, and is used again for the next ones.
        onDatagram(Array(unwrapInboundIn(data).data.readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) {
        onClose()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A socket without connection stays usable.
        onError(error)
    }
}
