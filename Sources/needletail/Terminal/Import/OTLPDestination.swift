internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import TraceModel
internal import TraceWire

/// A back end that takes OTLP over HTTP.
final class OTLPDestination: ImportDestination {
    let batchSize = 2000
    private static let maximumAnswerSize = 1 << 20
    /// First wait before a busy back end is asked again; doubles up to the longest.
    private static let firstWait = Duration.milliseconds(200)
    private static let longestWait = Duration.seconds(5)

    private let client: HTTPClient
    private let url: String
    private let address: TraceServerAddress
    private let patience: Duration

    /// - Parameters:
    ///   - address: With or without the path `/v1/traces`.
    ///   - timeout: Seconds for which one batch is sent again while the back end is busy.
    init(address: TraceServerAddress, timeout: Int) {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        client = HTTPClient(configuration: configuration)
        self.address = address
        url = address.hasPath ? address.url : address.url + "/v1/traces"
        patience = .seconds(timeout)
    }

    func append(_ batch: SpanBatch) async throws -> (rejected: Int, reason: String) {
        var rejected = 0
        var reason = ""
        var waiting = [batch]
        while let next = waiting.popLast() {
            let (status, answer) = try await send(OTLPProtobuf.encode(next))
            switch status {
            case 200..<300:
                let partial = try? OTLPProtobuf.decodeExportResponse(answer)
                rejected += Int(clamping: partial?.rejectedSpans ?? 0)
                if reason.isEmpty { reason = partial?.message ?? "" }
            case 413 where next.spanCount > 1:
                // A few spans can be many bytes.
                waiting += next.halves
            case 400, 413:
                rejected += next.spanCount
                if reason.isEmpty { reason = "the back end refused them (\(status))" }
            default:
                throw CommandFailure(.unreachable, "\(url) did not take the spans: HTTP \(status). Is this an OTLP receiver?")
            }
        }
        return (rejected, reason)
    }

    /// Sends until the back end is not busy (429, 502, 503, 504 of OTLP's "retryable" statuses).
    private func send(_ body: [UInt8]) async throws -> (UInt, [UInt8]) {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-protobuf")
        request.body = .bytes(ByteBuffer(bytes: body))
        let deadline = ContinuousClock.now + patience
        var wait = Self.firstWait
        while true {
            let status: UInt
            let answer: [UInt8]
            let asked: Int?
            do {
                let response = try await client.execute(request, timeout: .seconds(patience.components.seconds))
                answer = Array(buffer: try await response.body.collect(upTo: Self.maximumAnswerSize))
                status = UInt(response.status.code)
                asked = response.headers["Retry-After"].first.flatMap(Int.init)
            } catch {
                throw TraceServer.nothingAnswers(address, error)
            }
            guard [429, 502, 503, 504].contains(status) else { return (status, answer) }
            let pause = asked.map { Duration.seconds(min(max($0, 0), 3600)) } ?? wait
            guard ContinuousClock.now + pause < deadline else {
                throw CommandFailure(.unreachable, "\(url) was busy (HTTP \(status)) for the \(patience.components.seconds) s of --timeout; what came before is stored")
            }
            try await Task.sleep(for: pause)
            wait = min(wait * 2, Self.longestWait)
        }
    }

    func close() async { try? await client.shutdown() }
}

extension SpanBatch {
    /// The spans in two batches of nearly the same count.
    fileprivate var halves: [SpanBatch] {
        var halves = [SpanBatch(), SpanBatch()]
        var left = spanCount / 2
        for group in resourceSpans {
            for scoped in group.scopeSpans {
                for (index, spans) in [scoped.spans.prefix(left), scoped.spans.dropFirst(left)].enumerated() where !spans.isEmpty {
                    halves[index].resourceSpans.append(
                        ResourceSpans(
                            resource: group.resource, schemaURL: group.schemaURL,
                            scopeSpans: [ScopeSpans(scope: scoped.scope, schemaURL: scoped.schemaURL, spans: Array(spans))]
                        )
                    )
                }
                left -= min(left, scoped.spans.count)
            }
        }
        return halves
    }
}
