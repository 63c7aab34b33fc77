/// An export took longer than allowed.
struct ExportTimeout: Error, CustomStringConvertible {
    var limit: Duration
    var description: String { "no answer within \(limit) (OTEL_BSP_EXPORT_TIMEOUT)" }
}

/// Runs `body` and cancels it when the limit has passed; zero means no limit.
///
/// - Throws: ``ExportTimeout``, or what `body` throws.
func withDeadline<Result: Sendable>(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    guard limit > .zero else { return try await body() }
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        // Two tasks were added, so that there is a first result.
        guard let first = try await group.next(), let result = first else { throw ExportTimeout(limit: limit) }
        return result
    }
}
