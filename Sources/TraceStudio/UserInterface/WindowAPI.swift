internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Questions about many traces: everything below `/api/ui` that takes a window of time. See docs/ui-api.md.
struct WindowAPI: Sendable {
    let store: any TraceStore
    let cache: WindowCache
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    /// A window with what the query lets through.
    struct Question {
        var request: WindowRequest
        var window: TraceWindow
        var isIncluded: [Bool]
        /// The query as a filter of our own; `nil` for TraceQL.
        var filter: TraceFilter?

        var features: FeatureTable { window.features }
    }

    func answer(_ name: String, _ items: QueryItems) async throws -> [UInt8]? {
        switch name {
        case "search": try await search(items)
        case "heatmap": try await heatmap(items)
        case "tail": try await tail(items)
        case "models": try await models(items)
        case "batches": try await batches(items)
        case "lanes": try await lanes(items)
        case "map": try await map(items)
        case "errors": try await errors(items)
        case "llm": try await languageModels(items)
        default: nil
        }
    }

    func question(_ items: QueryItems) async throws -> Question {
        let request = try WindowRequest(items, now: clock())
        // A query that cannot be read is refused before anything is read for it.
        let (filter, traceQL) = try Self.parse(request.query, "q")
        let window = try await cache.window(request.startTime, limit: request.limit)
        let isIncluded = try await select(filter, traceQL, window)
        return Question(request: request, window: window, isIncluded: isIncluded, filter: filter)
    }

    /// Our own filter, or TraceQL when it begins with a brace.
    static func parse(_ text: String, _ name: String) throws -> (TraceFilter?, TraceQLQuery?) {
        if text.hasPrefix("{") || text.hasPrefix("(") {
            do {
                return (nil, try TraceQLQuery(text))
            } catch {
                throw BadParameter("unable to parse param '\(name)': \(error)", line: error.line, column: error.column, length: 1)
            }
        }
        do {
            return (try TraceFilter(text), nil)
        } catch {
            throw BadParameter(
                "unable to parse param '\(name)': \(error.message), at column \(error.column)", line: 1, column: error.column, length: error.length
            )
        }
    }

    func select(_ filter: TraceFilter?, _ traceQL: TraceQLQuery?, _ window: TraceWindow) async throws -> [Bool] {
        if let filter { return window.features.select(filter) }
        guard let traceQL else { return [] }
        do {
            let options = TraceQLSearchOptions(startTime: window.startTime, limit: max(window.features.count, 1), spansPerSpanSet: 1)
            let found = Set(try await traceQL.search(store, options).traces.map(\.traceID))
            return window.features.traceIDs.map(found.contains)
        } catch let error as TraceQLError {
            throw BadParameter("\(error)", line: error.line, column: error.column, length: 1)
        }
    }

    /// What was read, and of how many: the members that every answer about a window begins with.
    static func writeScope(_ question: Question, to writer: inout JSONWriter) {
        let window = question.window
        writer.time("from", window.startTime.lowerBound)
        writer.time("to", window.startTime.upperBound)
        writer.object("read") { writer in
            writer.field("traces", window.features.count)
            writer.field("of", window.estimatedCount)
            writer.field("complete", !window.isCut)
            writer.time("coveredFrom", window.coveredFrom)
        }
        writer.field("sampling", window.honesty.verdict.rawValue)
    }
}
