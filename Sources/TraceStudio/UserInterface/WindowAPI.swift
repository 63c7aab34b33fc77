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
        /// How old the window is while newer spans may be missing in it.
        var age: Duration
        /// When the window was read, or is known not to have changed since; nanoseconds since the Unix epoch.
        var readTime: UInt64
        var isIncluded: [Bool]
        /// The query as a filter of our own; `nil` for TraceQL.
        var filter: TraceFilter?
        /// Cold requests that `cold=false` leaves out of everything.
        var coldLeftOut: Int?

        var features: FeatureTable { window.features }
    }

    func answer(_ name: String, _ items: QueryItems) async throws -> [UInt8]? {
        switch name {
        case "search": try await search(items)
        case "points": try await points(items)
        case "heatmap": try await heatmap(items)
        case "tail": try await tail(items)
        case "compare": try await compare(items)
        case "aggregate": try await aggregate(items)
        case "models": try await models(items)
        case "batches": try await batches(items)
        case "lanes": try await lanes(items)
        case "lane-area": try await laneArea(items)
        case "map": try await map(items)
        case "errors": try await errors(items)
        case "llm": try await languageModels(items)
        case "operations": try await operations(items)
        default: nil
        }
    }

    func question(_ items: QueryItems) async throws -> Question {
        let now = clock()
        let request = try WindowRequest(items, now: now)
        // A query that cannot be read is refused before anything is read for it.
        let (filter, traceQL) = try Self.parse(request.query, "q")
        let reading = try await cache.reading(request.startTime, limit: request.limit)
        let isIncluded = try await select(filter, traceQL, reading.window)
        let age = UInt64(max(reading.age / .nanoseconds(1), 0))
        var question = Question(
            request: request, window: reading.window, age: reading.age, readTime: now - min(age, now), isIncluded: isIncluded, filter: filter)
        question.leaveOutCold(items)
        return question
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
            throw BadParameter(error, in: name)
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
    ///
    /// - Parameter bands: Loads and cold starts to tell of; all of the window when it is missing.
    static func writeScope(_ question: Question, bands: [ModelLifecycle]? = nil, to writer: inout JSONWriter) {
        let window = question.window
        writer.time("from", window.startTime.lowerBound)
        writer.time("to", window.startTime.upperBound)
        writer.object("read") { writer in
            writer.field("traces", window.features.count)
            writer.field("of", window.estimatedCount)
            writer.field("complete", !window.isCut)
            writer.time("coveredFrom", window.coveredFrom)
            writer.field("ageNano", Int64(question.age / .nanoseconds(1)))
        }
        writer.field("sampling", window.honesty.verdict.rawValue)
        writer.field("samplingWeight", window.honesty.commonWeight)
        write(window.gaps, until: min(window.startTime.upperBound, question.readTime), to: &writer)
        write(bands ?? window.lifecycles, to: &writer)
        if let count = question.coldLeftOut { writer.field("coldLeftOut", count) }
    }

    /// Times of which nothing is stored, and why.
    private static func write(_ gaps: DataGaps, until end: UInt64, to writer: inout JSONWriter) {
        var told: [(kind: String, range: Range<UInt64>)] = []
        if let before = gaps.beforeFirst, before.lowerBound < end { told.append(("before", before.lowerBound..<min(before.upperBound, end))) }
        told += gaps.ranges(until: end).map { ("silent", $0) }
        writer.array("gaps", told) { writer, gap in
            writer.object {
                $0.field("kind", gap.kind)
                $0.time("from", gap.range.lowerBound)
                $0.time("to", gap.range.upperBound)
            }
        }
    }

    /// When models were loaded or cold, as charts show it: the more there are, the more of them are told as one.
    private static func write(_ lifecycles: [ModelLifecycle], to writer: inout JSONWriter) {
        writer.array("bands", ModelLifecycle.joined(lifecycles)) { writer, band in
            writer.object {
                BatchJSON.write(band.identity, to: &$0)
                $0.field("kind", band.kind.rawValue)
                $0.field("count", band.count)
                $0.time("startTimeUnixNano", band.start)
                $0.field("durationNano", band.end - band.start)
                $0.field("traceID", "\(band.traceID)")
                $0.field("spanID", "\(band.spanID)")
            }
        }
    }
}

extension WindowAPI.Question {
    mutating func leaveOutCold(_ items: QueryItems) {
        guard items["cold"] == "false" else { return }
        coldLeftOut = isIncluded.indices.count { isIncluded[$0] && features.isCold[$0] }
        for index in isIncluded.indices where features.isCold[index] { isIncluded[index] = false }
    }
}
