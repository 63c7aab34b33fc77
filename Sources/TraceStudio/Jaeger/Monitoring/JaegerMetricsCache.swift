internal import Synchronization
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Reads spans once for the requests that a monitoring page makes all at one time: five charts of the same window.
final class JaegerMetricsCache: Sendable {
    struct Key: Hashable, Sendable {
        var services: [String]
        var kinds: Set<SpanKind>
        var window: MonitoringWindow
    }

    private struct Entry: Sendable {
        var key: Key
        var time: UInt64
        var metrics: Task<RequestMetrics, any Error>
    }

    /// Nanoseconds for which what was read is given again; new spans show after it.
    private static let lifetime: UInt64 = 5_000_000_000
    private static let maximumEntries = 4

    private let entries = Mutex<[Entry]>([])

    /// - Parameter now: nanoseconds since the Unix epoch.
    func metrics(_ key: Key, store: any TraceStore, now: UInt64) async throws -> RequestMetrics {
        let task = entries.withLock { entries in
            // A clock that went back makes entries old, too.
            entries.removeAll { now < $0.time || now - $0.time > Self.lifetime }
            if let known = entries.first(where: { $0.key == key }) { return known.metrics }
            // Owned by this entry: several requests wait for it, so that one that is cancelled must not end it.
            let task = Task { try await Self.read(key, store) }
            if entries.count >= Self.maximumEntries { entries.removeFirst() }
            entries.append(Entry(key: key, time: now, metrics: task))
            return task
        }
        do {
            return try await task.value
        } catch {
            // The next request tries again.
            entries.withLock { $0.removeAll { $0.key == key } }
            throw error
        }
    }

    private static func read(_ key: Key, _ store: any TraceStore) async throws -> RequestMetrics {
        let selection = SpanSelection(
            startTime: key.window.spans, anyOf: key.services.flatMap { service in key.kinds.map { [.service(service), .kind($0)] } }
        )
        let services = Set(key.services)
        return try await store.scanSpans(selection, projection: .bare, into: RequestMetrics(window: key.window)) { metrics, batch in
            for group in batch.resourceSpans {
                let service = group.resource.serviceName
                guard services.contains(service) else { continue }
                for scopeSpans in group.scopeSpans {
                    for span in scopeSpans.spans where key.kinds.contains(span.kind) { metrics.add(span, service: service) }
                }
            }
            return .more
        }
    }
}
