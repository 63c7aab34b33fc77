import Logging
import NIOCore
import NIOPosix
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceCollector

@Suite("Jaeger over UDP", .timeLimit(.minutes(20)))
struct JaegerUDPReceiverTests {
    /// A socket that sends to the receiver, and the ingest behind it.
    private struct Fixture: Sendable {
        var channel: any Channel
        var receiver: SocketAddress
        var ingest: SpanIngest

        func send(_ datagram: [UInt8]) async throws {
            let envelope = AddressedEnvelope(remoteAddress: receiver, data: ByteBuffer(bytes: datagram))
            try await channel.writeAndFlush(envelope).get()
        }
    }

    private func withReceiver(
        _ encoding: JaegerUDPReceiver.Encoding = .compact,
        store: any TraceStore,
        limits: ReceiverLimits = ReceiverLimits(),
        logger: Logger = quietLogger,
        _ body: @Sendable @escaping (Fixture) async throws -> Void
    ) async throws {
        let ingest = SpanIngest(store: store, logger: quietLogger)
        let (ports, portArrived) = AsyncStream.makeStream(of: Int.self)
        let receiver = JaegerUDPReceiver(
            host: "127.0.0.1", port: 0, encoding: encoding, ingest: ingest, limits: limits, logger: logger
        ) { portArrived.yield($0) }
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let storing = Task { try await ingest.run() }
            group.addTask { try await receiver.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(Fixture(channel: channel, receiver: SocketAddress(ipAddress: "127.0.0.1", port: port), ingest: ingest))
            // The receiver first: what it has read is stored.
            group.cancelAll()
            try await group.waitForAll()
            storing.cancel()
            try await storing.value
        }
        try await channel.close()
    }

    private static func encode(_ batch: SpanBatch, _ encoding: JaegerUDPReceiver.Encoding = .compact) -> [UInt8] {
        switch encoding {
        case .compact: JaegerThrift.encodeCompactMessage(batch.resourceSpans[0])
        case .binary: JaegerThrift.encodeBinaryMessage(batch.resourceSpans[0])
        }
    }

    @Test("a datagram's spans are stored and counted by protocol", arguments: [JaegerUDPReceiver.Encoding.compact, .binary])
    func stored(encoding: JaegerUDPReceiver.Encoding) async throws {
        let store = InMemoryTraceStore()
        try await withReceiver(encoding, store: store) { (receiver) async throws in
            try await receiver.send(Self.encode(batch(spans: 5), encoding))
            try await eventually("5 spans are stored") { receiver.ingest.counters.committed == 5 }
            let stored = try #require(try await store.trace(TraceID(high: 0, low: 7))).batch
            #expect(stored.resourceSpans.first?.resource.serviceName == "sender")
            #expect(stored.resourceSpans.first?.scopeSpans.first?.spans.map(\.name) == (0..<5).map { "step \($0)" })
            #expect(receiver.ingest.counters.receivedByProtocol == [encoding == .compact ? .jaegerCompact : .jaegerBinary: 5])
        }
    }

    @Test("a datagram of the largest size comes in whole")
    func largest() async throws {
        try await withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            var large = batch(spans: 1)
            large.resourceSpans[0].scopeSpans[0].spans[0].attributes = [Attribute("text", .string(String(repeating: "x", count: 64_800)))]
            let datagram = Self.encode(large)
            #expect((64_800...65_507).contains(datagram.count))
            try await receiver.send(datagram)
            try await eventually("the span is stored") { receiver.ingest.counters.committed == 1 }
        }
    }

    @Test("garbage does not stop the receiver; it is counted, and told once")
    func garbage() async throws {
        let log = LogRecorder()
        let good = Self.encode(batch(spans: 2))
        var broken = batch(spans: 2)
        broken.resourceSpans[0].scopeSpans[0].spans[0].spanID = SpanID(0)
        let datagrams: [[UInt8]] = [
            [], [0x82], Array("GET / HTTP/1.1\r\n\r\n".utf8), Array(good.dropLast(7)), Self.encode(batch(spans: 1), .binary),
            [UInt8](repeating: 0xff, count: 60_000), [0x82, 0x81, 0x00] + [UInt8](repeating: 0x1c, count: 60_000),
        ]
        let brokenDatagram = Self.encode(broken)
        try await withReceiver(store: InMemoryTraceStore(), logger: log.logger) { (receiver) async throws in
            for datagram in datagrams { try await receiver.send(datagram) }
            try await receiver.send(brokenDatagram)
            try await receiver.send(good)
            try await eventually("the good spans are stored") { receiver.ingest.counters.committed == 3 }
            #expect(receiver.ingest.counters.malformedRequests == UInt64(datagrams.count))
            #expect(receiver.ingest.counters.rejected == 1)
            #expect(log.lines(containing: "A datagram was refused").count == 1)
        }
        #expect(log.lines(containing: "no longer refused").first?.contains("\(datagrams.count + 1)") == true)
    }

    @Test("while the store is busy datagrams wait, and those beyond the bound are dropped, counted, and told once")
    func overload() async throws {
        let log = LogRecorder()
        let store = GatedStore()
        let datagram = Self.encode(batch(spans: 1))
        let limits = ReceiverLimits(maximumQueuedDatagramBytes: 10 * (datagram.count + 64))
        try await withReceiver(store: store, limits: limits, logger: log.logger) { (receiver) async throws in
            try await receiver.send(datagram)
            await store.begun(1)
            for _ in 0..<25 { try await receiver.send(datagram) }
            try await eventually("15 are dropped") { receiver.ingest.counters.droppedDatagrams == 15 }
            #expect(log.lines(containing: "are dropped").count == 1)
            store.open(forever: true)
            try await eventually("11 are stored") { receiver.ingest.counters.committed == 11 }
            try await receiver.send(datagram)
            try await eventually("the receiver goes on") { receiver.ingest.counters.committed == 12 }
        }
        #expect(log.lines(containing: "no longer dropped").first?.contains("15") == true)
    }

    @Test("a commit that fails is tried again; the spans are given up, counted and told when it never succeeds")
    func failingStore() async throws {
        let store = GatedStore(isOpen: true)
        store.fail(0)
        store.fail(1)
        try await withReceiver(store: store) { (receiver) async throws in
            try await receiver.send(Self.encode(batch(spans: 3)))
            try await eventually("the third commit succeeds") { receiver.ingest.counters.committed == 3 }
            #expect(receiver.ingest.counters.droppedDatagrams == 0)
        }
        let dead = GatedStore(isOpen: true)
        for number in 0..<1000 { dead.fail(number) }
        let log = LogRecorder()
        try await withReceiver(store: dead, limits: ReceiverLimits(datagramPatienceSeconds: 0), logger: log.logger) { (receiver) async throws in
            try await receiver.send(Self.encode(batch(spans: 3)))
            try await receiver.send(Self.encode(batch(spans: 3)))
            try await eventually("both are given up") { receiver.ingest.counters.droppedDatagrams == 2 }
            #expect(log.lines(containing: "are dropped").count == 1)
        }
    }

    @Test("a stop stores what was read")
    func stop() async throws {
        let store = GatedStore()
        let datagram = Self.encode(batch(spans: 1))
        let (stops, stopping) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let limits = ReceiverLimits(maximumQueuedDatagramBytes: datagram.count + 64)
                try await withReceiver(store: store, limits: limits) { (receiver) async throws in
                    try await receiver.send(datagram)
                    await store.begun(1)
                    try await receiver.send(datagram)
                    try await receiver.send(datagram)
                    // There is room for one to wait: when one is dropped, the one before it was read.
                    try await eventually("one waits, one is dropped") { receiver.ingest.counters.droppedDatagrams == 1 }
                    stopping.finish()
                }
            }
            for await _ in stops {}
            store.open(forever: true)
            try await group.waitForAll()
        }
        #expect(store.appends == [[1], [1]])
    }

    @Test("the queue gives datagrams in their order, in groups, within its bounds")
    func queue() {
        var queue = DatagramQueue(limit: 3 * 164, limitOfGroup: 2 * 164)
        let added = (0..<4).map { queue.add([UInt8](repeating: UInt8($0), count: 100)) }
        #expect(added == [true, true, true, false])
        let first = queue.takeGroup()
        #expect(first.map(\.first) == [0, 1])
        let again = queue.add([UInt8](repeating: 9, count: 200))
        #expect(again)
        let second = queue.takeGroup()
        #expect(second.map(\.first) == [2])
        let third = queue.takeGroup()
        #expect(third.map(\.first) == [9])
        #expect(queue.isEmpty && queue.takeGroup().isEmpty)
    }

    @Test("a row of trouble is told when it begins and when it has been over for a while")
    func episodes() {
        var log = EpisodeLog()
        let start = ContinuousClock.now
        let begins = [log.trouble(2, at: start), log.trouble(3, at: start + .seconds(9)), log.trouble(at: start + .seconds(18))]
        #expect(begins == [true, false, false])
        let early = log.ended(at: start + .seconds(20))
        let late = log.ended(at: start + .seconds(28))
        let twice = log.ended(at: start + .seconds(40))
        #expect(early == nil && late == 6 && twice == nil)
        let next = log.trouble(at: start + .seconds(41))
        let final = log.ended(at: start + .seconds(41), isFinal: true)
        #expect(next && final == 1)
    }
}
