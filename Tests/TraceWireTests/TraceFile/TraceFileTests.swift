import Compression
import FuzzSupport
import Testing
import TraceModel

@testable import TraceWire

@Suite struct TraceFileTests {
    private static let request = OTLPJSON.encode(FullSpan.batch)

    private static func lengthPrefixed(_ messages: [[UInt8]]) -> [UInt8] {
        messages.flatMap { message in
            withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) } + message
        }
    }

    private static func lines(_ lines: [[UInt8]]) -> [UInt8] { Array(lines.joined(separator: [UInt8(ascii: "\n")])) }

    private static func expect(_ bytes: [UInt8], _ format: TraceFileFormat, spans: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = try TraceFile(reading: bytes)
        #expect(file.format == format, sourceLocation: sourceLocation)
        #expect(file.batch.spanCount == spans, sourceLocation: sourceLocation)
        #expect(file.rejectionMessage == "", sourceLocation: sourceLocation)
    }

    @Test func requestsOfOTLP() throws {
        try Self.expect(Self.request, .otlpJSON, spans: 1)
        try Self.expect(Self.lines([Self.request, Self.request, []]), .otlpJSON, spans: 2)
        #expect(try TraceFile(reading: Self.request).batch == FullSpan.batch)
        try Self.expect(FullSpan.protobuf, .otlpProtobuf, spans: 1)
        try Self.expect(Self.lengthPrefixed([FullSpan.protobuf, FullSpan.protobuf]), .otlpProtobuf, spans: 2)
        // The Collector's exporter with compression: each message by itself.
        try Self.expect(Self.lengthPrefixed([Zstd.compress(FullSpan.protobuf), Zstd.compress(Self.request)]), .otlpProtobuf, spans: 2)
        let pretty = String(decoding: Self.request, as: UTF8.self).replacing("{", with: "{\n  ").replacing("[", with: "[\n")
        try Self.expect(Array("\(pretty)\n\(pretty)".utf8), .otlpJSON, spans: 2)
    }

    @Test func compressedFiles() throws {
        try Self.expect(Gzip.compress(Self.request), .otlpJSON, spans: 1)
        try Self.expect(Zstd.compress(Self.lines([Self.request, Self.request])), .otlpJSON, spans: 2)
        let bomb = Gzip.compress([UInt8](repeating: 0x20, count: 1_000_000))
        let error = try #require(throws: WireError.self) { try TraceFile(reading: bomb, options: .init(maximumSize: 1000)) }
        #expect(error.code == .tooLarge)
    }

    @Test func linesOfTheSDKsFileExporter() throws {
        let group = FullSpan.batch.resourceSpans[0]
        let scoped = group.scopeSpans[0]
        var line = OTLPJSON.encodeLine(scoped.spans[0], resource: group.resource, scope: scoped.scope)
        line += line
        let file = try TraceFile(reading: line)
        #expect(file.format == .spanLines)
        #expect(file.batch.spanCount == 2)
        #expect(file.batch.resourceSpans.count == 1)
        #expect(file.batch.resourceSpans[0].resource == group.resource)
        #expect(file.batch.resourceSpans[0].scopeSpans[0].scope == scoped.scope)
        #expect(file.batch.resourceSpans[0].scopeSpans[0].spans[1] == scoped.spans[0])
    }

    @Test func answersOfOtherBackEnds() throws {
        let request = String(decoding: Self.request, as: UTF8.self)
        try Self.expect(Array("{\"result\":\(request)}".utf8), .otlpJSON, spans: 1)
        try Self.expect(Array("{\"trace\":\(request)}".utf8), .otlpJSON, spans: 1)
        let tempo = #"{"batches":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"AAAAAAAAAAAAAAAAAAAAAQ==","spanId":"AAAAAAAAAAI=","name":"t"}]}]}]}"#
        let file = try TraceFile(reading: Array(tempo.utf8))
        #expect(file.traceIDs == [TraceID(high: 0, low: 1)])
        #expect(file.batch.resourceSpans[0].scopeSpans[0].spans[0].spanID == SpanID(2))
        // Of a request, such ids are refused.
        #expect(try OTLPJSON.decode(Array(tempo.replacing("batches", with: "resourceSpans").utf8)).rejectedSpanCount == 1)
    }

    @Test func listsOfZipkin() throws {
        let zipkin = ZipkinJSON.encode(FullSpan.batch)
        try Self.expect(zipkin, .zipkinJSON, spans: 1)
        try Self.expect(Self.lines([zipkin, zipkin]), .zipkinJSON, spans: 2)
        try Self.expect(Array(#"[{"traceId":"1","id":"2","name":"bare"}]"#.utf8), .zipkinJSON, spans: 1)
        try Self.expect(Array("[]".utf8), .zipkinJSON, spans: 0)
        try Self.expect(
            Array(#"[{"traceId":"1","id":"2"},{"traceId":"1","id":"3","annotations":[{"timestamp":1,"value":"sr","endpoint":{"serviceName":"a"}}]}]"#.utf8),
            .zipkinV1JSON, spans: 2)
        // The answer of Zipkin's search: a list of traces.
        try Self.expect(Array(#"[[{"traceId":"1","id":"2"}],[{"traceId":"3","id":"4"}]]"#.utf8), .zipkinJSON, spans: 2)
    }

    @Test func filesOfJaegerAndTriton() throws {
        let trace = #"{"traceID":"1","spans":[{"traceID":"1","spanID":"2","operationName":"o","processID":"p1"}],"processes":{"p1":{"serviceName":"s"}}}"#
        try Self.expect(Array(trace.utf8), .jaegerJSON, spans: 1)
        try Self.expect(Array("[\(trace)]".utf8), .jaegerJSON, spans: 1)
        try Self.expect(Array("\n{\"total\":0,\"data\":[\(trace)],\"errors\":null}".utf8), .jaegerJSON, spans: 1)
        try Self.expect(Array(TritonTraceFileTests.plain.utf8), .triton, spans: 5)
    }

    @Test func aBrokenLineCostsNoOther() throws {
        let file = try TraceFile(reading: Self.lines([Self.request, Array(Self.request.dropLast(20)), Self.request]))
        #expect(file.batch.spanCount == 2)
        #expect(file.unreadablePartCount == 1)
        #expect(file.rejectionMessage.hasPrefix("line 2: malformed OTLP JSON at byte"))
        let prefixed = try TraceFile(reading: Self.lengthPrefixed([FullSpan.protobuf, FullSpan.protobuf]).dropLast(7).map { $0 })
        #expect(prefixed.batch.spanCount == 1)
        #expect(prefixed.unreadablePartCount == 1)
        #expect(prefixed.rejectionMessage.contains("ends too early"))
    }

    @Test func whatIsNotKnownIsTold() throws {
        for (bytes, part) in [
            ([], "the file is empty"), (Array("hello".utf8), "begins with “hello”"), ([0x01, 0x02, 0xff], "begins with the bytes 01 02 ff"),
            (Array(#"{"a":1}"#.utf8), "JSON that holds no traces"),
            (Array(#"{"resourceSpans":[{"#.utf8), "malformed OTLP JSON at byte 19"), ([0x1f, 0x8b, 0, 0], "cannot be decompressed"),
        ] as [([UInt8], String)] {
            let error = try #require(throws: WireError.self) { try TraceFile(reading: bytes) }
            #expect(error.message.contains(part), "\(error.message)")
        }
    }

    @Test func batchesOfASize() throws {
        var generator = RandomBatch(seed: 5)
        var batch = SpanBatch()
        for _ in 0..<20 { batch.resourceSpans += generator.batch().resourceSpans }
        let file = try TraceFile(reading: OTLPProtobuf.encode(batch))
        let batches = file.batches(ofAtMost: 7)
        #expect(batches.dropLast().allSatisfy { $0.spanCount == 7 })
        #expect(batches.reduce(0) { $0 + $1.spanCount } == batch.spanCount)
        let spans = batches.flatMap { $0.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }
        #expect(spans == batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) })
    }
}
