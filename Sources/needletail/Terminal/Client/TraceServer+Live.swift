internal import AsyncHTTPClient
internal import JSONCoding
internal import NIOCore
internal import NIOHTTP1
internal import TraceModel

extension TraceServer {
    /// What the live stream told at one time.
    struct LiveNews: Hashable {
        /// Traces to which nothing came for a moment.
        var settled: Set<TraceID> = []
        /// Traces that settled too, and that the stream had no room for.
        var skipped = 0
    }

    /// How listening to the live stream ended.
    enum LiveEnd: Hashable {
        /// The listener had enough.
        case enough
        /// The connection broke, or the back end stops.
        case closed
        /// There is no stream for us; why.
        case refused(String)
    }

    /// Listens to the back end's live stream (`/api/ui/live`).
    ///
    /// - Parameter listener: told of nothing when the stream begins, and then of all it tells; `false` ends it. While it works, what the
    ///   stream tells waits.
    /// - Throws: ``CommandFailure`` when nothing answers, and what the listener throws.
    func live(_ listener: (LiveNews?) async throws -> Bool) async throws -> LiveEnd {
        var request = HTTPClientRequest(url: address.url + "/api/ui/live")
        request.headers.add(name: "Accept", value: "text/event-stream")
        request.headers.add(name: "User-Agent", value: "needletail/\(Needletail.version)")
        let response: HTTPClientResponse
        do {
            // The stream has no end: only silence ends it.
            response = try await client.execute(request, deadline: .distantFuture)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Self.nothingAnswers(address, error)
        }
        guard response.status == .ok, response.headers.first(name: "Content-Type")?.hasPrefix("text/event-stream") == true else {
            let body = try? await response.body.collect(upTo: 1 << 16)
            let reason = body.flatMap { Self.message(in: Array(buffer: $0)) }
            return .refused(reason ?? "it answers \(response.status.code)")
        }
        guard try await listener(nil) else { return .enough }
        var events = ServerSentEvents()
        var pieces = response.body.makeAsyncIterator()
        while let piece = try await Self.next(&pieces) {
            guard let complete = events.feed(piece.readableBytesView) else { return .closed }
            for event in complete where event.name == "rows" {
                guard let news = Self.news(event.data) else { continue }
                guard try await listener(news) else { return .enough }
            }
        }
        return .closed
    }

    /// The next piece; `nil` at the end, also when the connection breaks.
    private static func next(_ pieces: inout HTTPClientResponse.Body.AsyncIterator) async throws -> ByteBuffer? {
        do {
            return try await pieces.next()
        } catch let error as CancellationError {
            throw error
        } catch {
            return nil
        }
    }

    static func news(_ data: String) -> LiveNews? {
        guard let value = try? JSONValue.parse(Array(data.utf8)) else { return nil }
        let ids = (value["rows"]?.arrayValue ?? []).compactMap { $0["traceID"]?.stringValue.flatMap(TraceID.init(hex:)) }
        return LiveNews(settled: Set(ids), skipped: Int(clamping: value["skipped"]?.intValue ?? 0))
    }
}
