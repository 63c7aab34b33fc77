internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `GET /api/ui/trace/{id}`: the whole trace, depth first, as one array for each column. Attributes come later, by row.
enum TraceColumnsJSON {
    /// Bits of the column `flags`.
    private enum Flag {
        static let error = 1
        static let descendantError = 2
        static let events = 4
        static let links = 8
        static let orphan = 16
        static let exception = 32
    }

    /// - Parameters:
    ///   - since: The version that the reader has: what is new is counted.
    ///   - skew: Of the trace as it came; the tree may have been corrected, or be a part of it.
    static func body(of tree: TraceTree, skew: ClockSkew, version: ColumnsVersion, since: String? = nil) -> [UInt8] {
        let summary = TraceSummary(tree.spans)
        let stages = StageBreakdown(tree)
        var dictionary = StringDictionary()
        let services = tree.spans.serviceNames.map { dictionary.index(of: $0) }
        let names = tree.rows.map { dictionary.index(of: tree.spans.entries[$0.entry].span.name) }

        var writer = JSONWriter(reserving: 1024 + 64 * tree.rows.count)
        writer.beginObject()
        writeHeader(summary, tree, to: &writer)
        writer.field("version", "\(version)")
        if let since {
            writer.field("changed", true)
            if let known = ColumnsVersion.spanCount(since) { writer.field("newSpans", max(0, version.spanCount - known)) }
        }
        writer.key("strings")
        writer.beginArray()
        for string in dictionary.strings { writer.string(string) }
        writer.endArray()
        writer.key("columns")
        writer.beginObject()
        writeTimes(tree, to: &writer)
        column("parent", tree, to: &writer) { row, _ in row.parent }
        column("size", tree, to: &writer) { row, _ in row.descendantCount }
        column("depth", tree, to: &writer) { row, _ in row.depth }
        column("service", tree, to: &writer) { row, _ in services[tree.spans.entries[row.entry].resource] }
        writer.key("name")
        writer.beginArray()
        for name in names { writer.int(name) }
        writer.endArray()
        column("kind", tree, to: &writer) { _, span in Int(span.kind.rawValue) }
        column("flags", tree, to: &writer) { row, span in flags(row, span) }
        writer.key("spanID")
        writer.string(spanIDs(tree))
        writer.endObject()
        write(stages, skew, tree: tree, to: &writer)
        writeAnalysis(stages, skew, tree, to: &writer)
        writer.endObject()
        return writer.finish()
    }

    private static func writeHeader(_ summary: TraceSummary, _ tree: TraceTree, to writer: inout JSONWriter) {
        summary.writeFacts(to: &writer)
        writer.key("maximumDepth")
        writer.int(tree.rows.lazy.map(\.depth).max() ?? 0)
        writer.key("serviceCount")
        writer.int(summary.services.count)
    }

    private static func writeTimes(_ tree: TraceTree, to writer: inout JSONWriter) {
        writer.key("start")
        writer.beginArray()
        for row in tree.rows { writer.uint(tree.spans.offset(tree.spans.entries[row.entry].span.startTime)) }
        writer.endArray()
        writer.key("duration")
        writer.beginArray()
        for row in tree.rows {
            let span = tree.spans.entries[row.entry].span
            writer.uint(tree.spans.offset(max(span.endTime, span.startTime)) - tree.spans.offset(span.startTime))
        }
        writer.endArray()
    }

    private static func column(
        _ name: StaticString,
        _ tree: TraceTree,
        to writer: inout JSONWriter,
        _ value: (TraceTree.Row, Span) -> Int
    ) {
        writer.key(name)
        writer.beginArray()
        for row in tree.rows { writer.int(value(row, tree.spans.entries[row.entry].span)) }
        writer.endArray()
    }

    private static func flags(_ row: TraceTree.Row, _ span: Span) -> Int {
        var flags = 0
        if span.status.code == .error { flags |= Flag.error }
        if row.hasFailedDescendant { flags |= Flag.descendantError }
        if !span.events.isEmpty { flags |= Flag.events }
        if !span.links.isEmpty { flags |= Flag.links }
        if row.isOrphan { flags |= Flag.orphan }
        if span.events.contains(where: { $0.name == "exception" }) { flags |= Flag.exception }
        return flags
    }

    /// 16 digits for each row, one after the other.
    private static func spanIDs(_ tree: TraceTree) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(16 * tree.rows.count)
        for row in tree.rows {
            let id = tree.spans.entries[row.entry].span.spanID.value
            for shift in stride(from: 60, through: 0, by: -4) {
                digits.append(Hex.digit(UInt8(truncatingIfNeeded: id >> UInt64(shift)) & 0xf))
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func write(_ stages: StageBreakdown, _ skew: ClockSkew, tree: TraceTree, to writer: inout JSONWriter) {
        writer.key("stages")
        writer.beginArray()
        for segment in stages.segments {
            writer.beginObject()
            writer.key("row")
            writer.int(segment.row)
            writer.key("stage")
            writer.string(segment.stage.rawValue)
            writer.key("start")
            writer.uint(segment.start)
            writer.key("duration")
            writer.uint(segment.duration)
            writer.field("source", segment.source.rawValue)
            writer.endObject()
        }
        writer.endArray()
        writer.key("events")
        writer.beginArray()
        for (index, row) in tree.rows.enumerated() {
            let events = tree.spans.entries[row.entry].span.events
            // A time outside the trace is a sender's fault and has no place on its axis; the details still tell it.
            for event in events where event.time >= tree.spans.startTime && event.time <= tree.spans.endTime {
                writer.beginObject()
                writer.key("row")
                writer.int(index)
                writer.key("time")
                writer.uint(tree.spans.offset(event.time))
                writer.key("exception")
                writer.bool(event.name == "exception")
                writer.endObject()
            }
        }
        writer.endArray()
        writer.key("strip")
        writer.beginArray()
        for share in stages.strip {
            writer.beginObject()
            writer.key("stage")
            writer.string(share.stage.rawValue)
            writer.key("duration")
            writer.uint(share.duration)
            writer.key("waiting")
            writer.bool(share.stage.isWaiting)
            writer.endObject()
        }
        writer.endArray()
        writer.key("warnings")
        writer.beginArray()
        let problems = tree.problems(ClockSkew(tree))
        for warning in problems.map(\.text) + skew.warnings + stages.warnings { writer.string(warning) }
        writer.endArray()
        writer.array("problems", problems) { writer, problem in
            writer.object {
                $0.field("kind", problem.kind.rawValue)
                $0.field("spans", problem.count)
                $0.field("text", problem.text)
                $0.array("rows", problem.rows) { $0.int($1) }
            }
        }
    }
}

extension TraceColumnsJSON {
    /// What is worked out of the spans: critical path, language models, weight, what is missing.
    private static func writeAnalysis(_ stages: StageBreakdown, _ skew: ClockSkew, _ tree: TraceTree, to writer: inout JSONWriter) {
        let path = CriticalPath(tree)
        writer.object("critical") { writer in
            writer.array("row", path.pieces) { $0.int($1.row) }
            writer.array("start", path.pieces) { $0.uint($1.start) }
            writer.array("duration", path.pieces) { $0.uint($1.duration) }
        }
        writer.object("unaccounted") { writer in
            for part in UnaccountedPart.allCases {
                guard let time = stages.unaccountedParts[part] else { continue }
                writer.key(string: part.rawValue)
                writer.uint(time)
            }
        }
        writer.strings("sources", StageSource.allCases.filter(stages.sources.contains).map(\.rawValue))
        writer.array("cacheHits", stages.cacheHits) { $0.int($1) }
        writer.array("llm", stages.languageModels) { write($1, tree, to: &$0) }
        let weight = TraceWeight(tree)
        writer.object("weight") {
            $0.field("count", weight.count)
            $0.field("source", weight.source.rawValue)
        }
        let orphans = tree.rows.indices.filter { tree.rows[$0].isOrphan }
        writer.field("orphanSpans", orphans.count)
        // Each parent that is named and not here is at least one span.
        writer.field("missingSpans", Set(orphans.compactMap { tree.span($0).parentSpanID }).count)
        writer.array("skew", skew.hops) { writer, hop in
            writer.object {
                $0.field("caller", hop.caller)
                $0.field("callee", hop.callee)
                $0.key("correctionNano")
                $0.int(hop.correction)
            }
        }
    }

    private static func write(_ facts: LLMFacts, _ tree: TraceTree, to writer: inout JSONWriter) {
        writer.object {
            $0.field("row", facts.row)
            $0.field("operation", nonEmpty: facts.operation)
            $0.field("model", nonEmpty: facts.model)
            $0.field("provider", nonEmpty: facts.provider)
            $0.field("requestID", nonEmpty: facts.requestID)
            $0.field("tokensIn", facts.inputTokens)
            $0.field("tokensOut", facts.outputTokens)
            $0.field("tokensCached", facts.cachedTokens)
            $0.field("tokensReasoning", facts.reasoningTokens)
            $0.field("maxTokens", facts.maximumTokens)
            $0.field("ttft", facts.timeToFirstToken)
            $0.field("queue", facts.queueTime)
            $0.field("prefill", facts.prefillTime)
            $0.field("decode", facts.decodeTime)
            $0.field("e2e", facts.endToEnd)
            $0.field("itl", facts.interTokenTime)
            $0.field("finish", nonEmpty: facts.finishReason)
            let tokens = LLMFacts.tokenTimes(tree.span(facts.row))
            if !tokens.isEmpty { $0.array("tokens", tokens) { $0.uint(tree.spans.offset($1)) } }
        }
    }
}

/// Each string once, by the order of first use.
private struct StringDictionary {
    private(set) var strings: [String] = []
    private var indexes: [String: Int] = [:]

    mutating func index(of string: String) -> Int {
        if let index = indexes[string] { return index }
        indexes[string] = strings.count
        strings.append(string)
        return strings.count - 1
    }
}
