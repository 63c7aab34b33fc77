internal import TraceModel
internal import TraceStore

/// Where imported spans go.
protocol ImportDestination: Sendable {
    /// Spans taken at once, at most.
    var batchSize: Int { get }

    /// - Returns: How many spans were refused for good, and why.
    /// - Throws: ``CommandFailure`` when nothing can be stored now.
    func append(_ batch: SpanBatch) async throws -> (rejected: Int, reason: String)

    func close() async
}

/// Nowhere: for a look at files.
struct NoDestination: ImportDestination {
    let batchSize = Int.max

    func append(_ batch: SpanBatch) async throws -> (rejected: Int, reason: String) { (0, "") }

    func close() async {}
}

/// A store that no running program uses.
struct StoreDestination: ImportDestination {
    let batchSize = 20_000
    let store: any TraceStore

    func append(_ batch: SpanBatch) async throws -> (rejected: Int, reason: String) {
        do {
            try await store.append([batch])
            return (0, "")
        } catch {
            throw CommandFailure(.unreachable, "the store could not take the spans: \(DisplayText.escaped("\(error)"))")
        }
    }

    func close() async { await store.close() }
}
