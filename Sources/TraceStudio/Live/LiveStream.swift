internal import HTTPTypes
internal import Hummingbird
internal import JSONCoding
internal import NIOCore
internal import ServiceLifecycle
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// `GET /api/ui/live`: finished requests as they come, as server-sent events.
///
/// Events `rows` with `{"rows":[…],"skipped":n}`; a comment line every ten seconds keeps the connection open. A reader that is slower than
/// the traces is not waited for: what it misses is counted in `skipped`.
struct LiveStream: Sendable {
    /// Rows sent per second at most.
    static let maximumRate = 20
    /// Traces that are looked at to fill a filtered list, per second at most; what is more is skipped unseen.
    static let maximumLooks = 200
    static let interval = Duration.milliseconds(250)
    static let heartbeat = 40

    let store: any TraceStore
    let feed: LiveFeed
    let filter: TraceFilter

    func response() throws -> Response {
        guard let follower = feed.follow() else {
            throw APIError(status: 503, message: "\(LiveFeed.maximumFollowers) pages follow already: close one, or try again later")
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody { writer in
                defer { feed.leave(follower) }
                try await writer.write(ByteBuffer(string: "retry: 2000\n: following\n\n"))
                var ticks = 0
                // The server's stop must not wait for pages that follow along.
                while !Task.isCancelled, !Task.isShuttingDownGracefully {
                    try? await Task.sleep(for: Self.interval)
                    ticks += 1
                    if let event = try await event(follower) {
                        try await writer.write(event)
                    } else if ticks % Self.heartbeat == 0 {
                        try await writer.write(ByteBuffer(string: ": still here\n\n"))
                    }
                }
                try await writer.finish(nil)
            }
        )
    }

    private static func perInterval(_ rate: Int) -> Int {
        max(rate * Int(interval.components.attoseconds / 1_000_000_000_000_000) / 1000, 1)
    }

    private func event(_ follower: LiveFeed.FollowerID) async throws -> ByteBuffer? {
        let limit = Self.perInterval(Self.maximumRate)
        let delivery = feed.take(follower, limit: filter.terms.isEmpty ? limit : Self.perInterval(Self.maximumLooks))
        var trees: [TraceTree] = []
        for id in delivery.traces {
            if let trace = try await store.trace(id) { trees.append(TraceTree(traceID: id, batch: trace.batch)) }
        }
        let features = TraceWindow(trees).features
        let found = features.select(filter).enumerated().filter(\.element).map(\.offset)
        // The newest come last.
        let rows = found.suffix(limit)
        let skipped = delivery.skipped + found.count - rows.count
        guard !rows.isEmpty || skipped > 0 else { return nil }
        let body = JSONWriter.document { writer in
            writer.array("rows", rows) { FeatureRowJSON.write($1, features, to: &$0) }
            writer.field("skipped", skipped)
        }
        var buffer = ByteBuffer(string: "event: rows\ndata: ")
        buffer.writeBytes(body)
        buffer.writeString("\n\n")
        return buffer
    }
}
