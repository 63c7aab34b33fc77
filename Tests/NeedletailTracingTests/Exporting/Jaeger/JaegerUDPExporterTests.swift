import NeedletailTracing
import Testing
import TraceModel
import TraceWire

@Suite struct JaegerUDPExporterTests {
    private func exporter(_ port: Int, host: String = "127.0.0.1", size: Int = 65_000, valueLength: Int? = nil) throws -> JaegerUDPExporter {
        try JaegerUDPExporter(
            configuration: JaegerUDPExporterConfiguration(host: host, port: port, maximumPacketSize: size, maximumTagValueLength: valueLength))
    }

    private func batch(_ spans: [TraceModel.Span], service: String = "svc") -> SpanBatch {
        SpanBatch(resource: Resource(attributes: [Attribute("service.name", .string(service))]), scope: testScope, spans: spans)
    }

    @Test("A batch arrives in one datagram, with its process")
    func one() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port)
            let span = finishedSpan("hello")
            #expect(try await exporter.export(batch([span])) == .success)
            #expect(await eventually { sink.received.count == 1 })
            var expected = span
            expected.flags = 1
            #expect(try sink.batches == [batch([expected])])
            await exporter.shutdown()
        }
    }

    @Test("A batch above the size of a datagram is split, and every span arrives", arguments: [1_024, 9_000, 65_000])
    func split(_ size: Int) async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port, size: size)
            let spans = (0..<300).map { index in
                var span = finishedSpan("span \(index)")
                span.attributes.append(Attribute("text", .string(String(repeating: "x", count: index * 7 % 600))))
                return span
            }
            #expect(try await exporter.export(batch(spans)) == .success)
            #expect(await eventually { (try? sink.spans.count) == spans.count })
            #expect(try Set(sink.spans.map(\.spanID)) == Set(spans.map(\.spanID)))
            #expect(sink.received.allSatisfy { $0.count <= size })
            #expect(try sink.batches.allSatisfy { $0.resourceSpans[0].resource.serviceName == "svc" })
            await exporter.shutdown()
        }
    }

    @Test("A span that alone is too large arrives shortened and marked")
    func shortened() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port)
            var large = finishedSpan("large")
            large.kind = .server
            large.status = .error("it went wrong")
            large.attributes = [Attribute("small", "kept"), Attribute("huge", .string(String(repeating: "é", count: 100_000)))]
            #expect(try await exporter.export(batch([finishedSpan("before"), large, finishedSpan("after")])) == .success)
            #expect(await eventually { (try? sink.spans.count) == 3 })
            let arrived = try #require(try sink.spans.first { $0.name == "large" })
            #expect(arrived.traceID == large.traceID)
            #expect(arrived.spanID == large.spanID)
            #expect(arrived.kind == .server)
            #expect(arrived.status == large.status)
            #expect(arrived.attributes["small"] == "kept")
            #expect(arrived.attributes["needletail.shortened"] == true)
            #expect(sink.received.allSatisfy { $0.count <= 65_000 })
            await exporter.shutdown()
        }
    }

    @Test("Resources travel in datagrams of their own")
    func resources() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port)
            let both = SpanBatch(
                resourceSpans: batch([finishedSpan("a")], service: "one").resourceSpans + batch([finishedSpan("b")], service: "two").resourceSpans)
            #expect(try await exporter.export(both) == .success)
            #expect(await eventually { sink.received.count == 2 })
            #expect(try sink.batches.map { $0.resourceSpans[0].resource.serviceName } == ["one", "two"])
            await exporter.shutdown()
        }
    }

    @Test("Long texts are cut at the limit that is set")
    func tagValueLength() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port, valueLength: 4)
            var span = finishedSpan()
            span.attributes = [Attribute("text", "abcdefgh")]
            _ = try await exporter.export(batch([span]))
            #expect(await eventually { sink.received.count == 1 })
            #expect(try sink.spans[0].attributes == [Attribute("text", "abcd")])
            await exporter.shutdown()
        }
    }

    @Test("A datagram that no one takes is reported, and spans arrive as soon as someone listens")
    func refused() async throws {
        let port = try await DatagramSink.unusedPort()
        let exporter = try exporter(port)
        let error = try await #require(throws: SpanExportError.self) { try await exporter.export(batch([finishedSpan()])) }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("udp://127.0.0.1:\(port) cannot be reached: it refused the datagram"))
        let sink = DatagramSink()
        try await sink.serve(port: port) { _ async throws in
            #expect(try await exporter.export(batch([finishedSpan()])) == .success)
            #expect(await eventually { sink.received.count == 1 })
        }
        await exporter.shutdown()
    }

    @Test("An agent is found by its name")
    func hostName() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port, host: "localhost")
            #expect(try await exporter.export(batch([finishedSpan()])) == .success)
            #expect(await eventually { sink.received.count == 1 })
            await exporter.shutdown()
        }
    }

    @Test(
        "An agent is reached over IPv6, with or without brackets", .enabled("the machine has IPv6") { await hasIPv6() }, arguments: ["::1", "[::1]"])
    func ipv6(_ host: String) async throws {
        let sink = DatagramSink(address: "::1")
        try await sink.serve { port in
            let exporter = try exporter(port, host: host)
            #expect(try await exporter.export(batch([finishedSpan()])) == .success)
            #expect(await eventually { sink.received.count == 1 })
            await exporter.shutdown()
        }
    }

    private static func hasIPv6() async -> Bool { (try? await DatagramSink(address: "::1").serve { $0 }) != nil }

    @Test("A host that does not exist is reported by name")
    func unknownHost() async throws {
        let exporter = try exporter(6831, host: "no-such-host.invalid")
        let error = try await #require(throws: SpanExportError.self) { try await exporter.export(batch([finishedSpan()])) }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("udp://no-such-host.invalid:6831 cannot be reached: the host name cannot be resolved"))
    }

    @Test("Nothing is sent after the shutdown")
    func shutDown() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port)
            _ = try await exporter.export(batch([finishedSpan()]))
            await exporter.shutdown()
            await exporter.shutdown()
            let error = try await #require(throws: SpanExportError.self) { try await exporter.export(batch([finishedSpan()])) }
            #expect(error.code == .shutDown)
        }
    }

    @Test("Exports at the same time share the socket and lose nothing")
    func concurrent() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let exporter = try exporter(port)
            try await withThrowingTaskGroup(of: SpanExportResult.self) { group in
                for index in 0..<20 { group.addTask { try await exporter.export(batch([finishedSpan("\(index)")])) } }
                for try await result in group { #expect(result == .success) }
            }
            #expect(await eventually { (try? Set(sink.spans.map(\.name)).count) == 20 })
            await exporter.shutdown()
        }
    }

    @Test("An empty batch sends nothing")
    func empty() async throws {
        let exporter = try exporter(6831, host: "no-such-host.invalid")
        #expect(try await exporter.export(SpanBatch()) == .success)
        #expect(try await exporter.export(batch([])) == .success)
    }

    @Test(
        "Settings that cannot work are refused at once",
        arguments: [
            ("", 6831, 65_000), ("http://localhost", 6831, 65_000), ("localhost", 0, 65_000), ("localhost", 70_000, 65_000),
            ("localhost", 6831, 100), ("localhost", 6831, 70_000),
        ])
    func badSettings(_ host: String, _ port: Int, _ size: Int) {
        #expect(throws: TracingConfigurationError.self) { try exporter(port, host: host, size: size) }
    }
}
