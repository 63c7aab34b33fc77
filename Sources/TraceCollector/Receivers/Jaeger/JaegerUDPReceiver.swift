public import Logging
internal import NIOCore
internal import NIOPosix
public import ServiceLifecycle
internal import TraceModel
internal import TraceWire

/// Receives spans as Jaeger's agent does: one Thrift message `emitBatch` in a UDP datagram.
///
/// UDP has no answer, so nobody hears of what is refused here: it is counted, and logged when it begins and when it ends.
/// Datagrams wait in a bounded queue while the store is busy; what does not fit is dropped.
public struct JaegerUDPReceiver: Service {
    /// The Thrift protocol of the datagrams.
    public enum Encoding: Sendable {
        /// Port 6831.
        case compact
        /// Port 6832.
        case binary
    }

    /// The largest UDP datagram; Jaeger's clients stay below 65,000 bytes.
    private static let maximumDatagramSize = 65_536
    /// Datagrams read with one system call.
    private static let datagramsPerRead = 8
    /// What the kernel is asked to hold for us, in bytes; it may give less.
    private static let socketBufferSize = 4 * 1024 * 1024
    /// Bytes of the datagrams that are committed together.
    private static let maximumBytesPerCommit = 2 * 1024 * 1024
    /// Spans, tags, logs and references in one datagram. A real one of the largest size holds half as many.
    private static let maximumElementsPerDatagram = 20_000
    /// The wait before a commit is tried again.
    private static let retryDelay: Duration = .milliseconds(100)

    private let host: String
    private let port: Int
    private let encoding: Encoding
    private let ingest: SpanIngest
    private let limits: ReceiverLimits
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: UDP port; 0 lets the system choose one.
    ///   - encoding: What senders to this port use.
    ///   - ingest: Where decoded spans go.
    ///   - limits: Bounds of sizes.
    ///   - logger: Where start, errors and drops are told.
    ///   - onListening: Called with the real port once datagrams are read.
    public init(
        host: String,
        port: Int,
        encoding: Encoding,
        ingest: SpanIngest,
        limits: ReceiverLimits = ReceiverLimits(),
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.encoding = encoding
        self.ingest = ingest
        self.limits = limits
        var logger = logger
        logger[metadataKey: "protocol"] = "\(encoding.spanProtocol.rawValue)"
        self.logger = logger
        self.onListening = onListening
    }

    /// Reads until a graceful shutdown or a cancellation; what was read is stored first.
    public func run() async throws {
        let inbox = DatagramInbox(
            queue: DatagramQueue(limit: limits.maximumQueuedDatagramBytes, limitOfGroup: Self.maximumBytesPerCommit)
        )
        let channel = try await bind(inbox)
        let port = channel.localAddress?.port ?? 0
        logger.info("Jaeger UDP receiver is listening", metadata: ["port": "\(port)"])
        ingest.datagramSockets.add(port: port, for: encoding.spanProtocol)
        defer { ingest.datagramSockets.remove(port: port, for: encoding.spanProtocol) }
        await onListening(port)
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await storeUntilClosed(inbox)
            } onGracefulShutdown: {
                channel.close(promise: nil)
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private func bind(_ inbox: DatagramInbox) async throws -> any Channel {
        let bootstrap = DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_rcvbuf), value: SocketOptionValue(Self.socketBufferSize))
            .channelOption(.datagramVectorReadMessageCount, value: Self.datagramsPerRead)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.datagramsPerRead * Self.maximumDatagramSize)
            )
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(handler(for: inbox))
                }
            }
        return try await bootstrap.bind(host: host, port: port).get()
    }

    private func handler(for inbox: DatagramInbox) -> DatagramHandler {
        DatagramHandler(
            onDatagram: { [self] datagram in
                guard case .dropped(let isFirst) = inbox.offer(datagram) else { return }
                ingest.countDroppedDatagrams(1, from: encoding.spanProtocol)
                if isFirst { tellDrops("more than \(limits.maximumQueuedDatagramBytes) bytes of datagrams wait for the store") }
            },
            onClose: { inbox.finish() },
            onError: { [logger] error in logger.debug("A datagram could not be read", metadata: ["error": "\(error)"]) }
        )
    }

    // MARK: Storing

    private func storeUntilClosed(_ inbox: DatagramInbox) async {
        var refusals = EpisodeLog()
        while let datagrams = await inbox.next() {
            let batch = decode(datagrams, &refusals)
            if batch.spanCount > 0, let reason = await store(batch, inbox) {
                ingest.countDroppedDatagrams(datagrams.count, from: encoding.spanProtocol)
                if inbox.noteDropped(datagrams.count) { tellDrops(reason) }
            }
            tellEnd(of: &refusals, inbox)
        }
        tellEnd(of: &refusals, inbox, isFinal: true)
    }

    private func decode(_ datagrams: [[UInt8]], _ refusals: inout EpisodeLog) -> SpanBatch {
        var batch = SpanBatch()
        for datagram in datagrams {
            let reason: String
            do throws(WireError) {
                let decoded = try encoding.decode(datagram, maximumElements: Self.maximumElementsPerDatagram)
                batch.resourceSpans += decoded.batch.resourceSpans
                ingest.countRejected(decoded.rejectedSpanCount, from: encoding.spanProtocol)
                if decoded.rejectedSpanCount == 0 { continue }
                reason = decoded.rejectionMessage
            } catch {
                ingest.countMalformedRequest(from: encoding.spanProtocol)
                reason = error.message
            }
            if refusals.trouble() {
                logger.warning(
                    "A datagram was refused; others of its kind are counted until this has ended",
                    metadata: ["bytes": "\(datagram.count)", "reason": "\(reason)"]
                )
            }
        }
        return batch
    }

    /// - Returns: why the spans were given up; `nil` when they are durable.
    private func store(_ batch: SpanBatch, _ inbox: DatagramInbox) async -> String? {
        let deadline = ContinuousClock.now + .seconds(limits.datagramPatienceSeconds)
        while true {
            do {
                try await ingest.accept(batch, from: encoding.spanProtocol)
                return nil
            } catch {
                let isStopping = (error as? IngestError)?.code == .shuttingDown || inbox.isFinished
                if isStopping || ContinuousClock.now >= deadline { return (error as? IngestError)?.message ?? "\(error)" }
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
    }

    // MARK: Telling

    private func tellDrops(_ reason: String) {
        logger.warning("Datagrams with spans are dropped", metadata: ["reason": "\(reason)"])
    }

    private func tellEnd(of refusals: inout EpisodeLog, _ inbox: DatagramInbox, isFinal: Bool = false) {
        if let count = inbox.endedDrops(isFinal: isFinal) {
            logger.notice("Datagrams with spans are no longer dropped", metadata: ["dropped": "\(count)"])
        }
        if let count = refusals.ended(isFinal: isFinal) {
            logger.notice("Datagrams are no longer refused", metadata: ["refused": "\(count)"])
        }
    }
}

extension JaegerUDPReceiver.Encoding {
    fileprivate var spanProtocol: SpanProtocol {
        switch self {
        case .compact: .jaegerCompact
        case .binary: .jaegerBinary
        }
    }

    fileprivate func decode(_ bytes: [UInt8], maximumElements: Int) throws(WireError) -> DecodedSpans {
        switch self {
        case .compact: try JaegerThrift.decodeCompactMessage(bytes, maximumElements: maximumElements)
        case .binary: try JaegerThrift.decodeBinaryMessage(bytes, maximumElements: maximumElements)
        }
    }
}
