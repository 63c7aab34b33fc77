internal import HTTPTypes
internal import Hummingbird
internal import JSONCoding
internal import Logging
internal import Synchronization
internal import TraceCollector
internal import TraceModel
internal import TraceWire

/// `POST /api/ui/import`: the body is a file of traces in any known format (``TraceFile``), also compressed.
///
/// `?lastModified=` says when the file was written, in milliseconds since the Unix epoch, as `File.lastModified` in a page; formats
/// without times of day need it. The answer comes after the spans are durable:
/// `{"format","traces":[id],"traceCount","spanCount","rejectedSpanCount","unreadablePartCount","message"}`.
struct ImportAPI: Sendable {
    static let path = "/api/ui/import"

    /// Bytes of a file, before and after decompression.
    static let maximumSize = 256 << 20
    /// Spans that are committed together.
    private static let spansPerBatch = 8192
    /// Ids in the answer; all are counted.
    private static let maximumTraceIDs = 1000
    private let ingest: SpanIngest
    private let logger: Logger
    private let slot = ImportSlot()

    init(ingest: SpanIngest, logger: Logger) {
        self.ingest = ingest
        self.logger = logger
    }

    func respond(to request: Request) async -> Response {
        do {
            guard request.method == .post else {
                throw APIError(status: 405, message: "405 method not allowed, supported: [POST]")
            }
            try PageOrigin.check(request)
            // A file is held in memory whole.
            guard slot.take() else {
                throw APIError(status: 429, message: "another file is being imported; send this one again when that has ended")
            }
            defer { slot.giveBack() }
            let file = try read(try await body(of: request), QueryItems(request.uri.query))
            try await store(file)
            logger.info(
                "A file was imported",
                metadata: ["format": "\(file.format)", "spans": "\(file.batch.spanCount)", "rejected": "\(file.rejectedSpanCount)"])
            return Answer.json(Self.answer(file), for: request)
        } catch {
            return Self.failure(error, of: "the file was", request)
        }
    }

    /// - Parameter subject: What was not stored, with its verb.
    static func failure(_ error: any Error, of subject: String, _ request: Request) -> Response {
        let error = error as? APIError ?? APIError(status: 500, message: "\(subject) not stored: \(error)")
        var response = Answer.json(Envelope.errors([error]), status: .init(code: error.status), for: request)
        if error.status == 405 { response.headers[.allow] = "POST" }
        if error.status == 429 || error.status == 503 { response.headers[.retryAfter] = "1" }
        return response
    }

    private func body(of request: Request) async throws -> [UInt8] {
        let tooLarge = APIError(
            status: 413, message: "the file is larger than \(Self.maximumSize) bytes; import it with 'needletail trace import', or send it compressed")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumSize { throw tooLarge }
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= Self.maximumSize else { throw tooLarge }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    private func read(_ bytes: [UInt8], _ items: QueryItems) throws -> TraceFile {
        var options = TraceFile.Options(maximumSize: Self.maximumSize)
        if let text = items.nonEmpty("lastModified") {
            guard let milliseconds = UInt64(text), milliseconds <= UInt64.max / 1_000_000 else {
                throw APIError(
                    status: 400, message: "malformed 'lastModified' parameter, expecting milliseconds since the Unix epoch, received: \(text.prefix(40))")
            }
            options.lastModified = milliseconds * 1_000_000
        }
        do throws(WireError) {
            return try TraceFile(reading: bytes, options: options)
        } catch {
            ingest.countMalformedRequest(from: .file)
            throw APIError(status: error.code == .tooLarge ? 413 : 400, message: error.message)
        }
    }

    private func store(_ file: TraceFile) async throws {
        ingest.countRejected(file.rejectedSpanCount, from: .file)
        for batch in file.batches(ofAtMost: Self.spansPerBatch) { try await ingest.acceptPatiently(batch, from: .file, what: "the file was") }
    }

    private static func answer(_ file: TraceFile) -> [UInt8] {
        let ids = file.traceIDs
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("format")
        writer.string(file.format.description)
        writer.key("traces")
        writer.beginArray()
        for id in ids.prefix(maximumTraceIDs) { writer.hex(id.high, id.low) }
        writer.endArray()
        for (name, count) in [
            ("traceCount", ids.count), ("spanCount", file.batch.spanCount), ("rejectedSpanCount", file.rejectedSpanCount),
            ("unreadablePartCount", file.unreadablePartCount),
        ] {
            writer.key(string: name)
            writer.int(count)
        }
        writer.key("message")
        writer.string(file.rejectionMessage)
        writer.endObject()
        return writer.finish()
    }
}

/// One import at a time.
private final class ImportSlot: Sendable {
    private let isTaken = Mutex(false)

    func take() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func giveBack() {
        isTaken.withLock { $0 = false }
    }
}
