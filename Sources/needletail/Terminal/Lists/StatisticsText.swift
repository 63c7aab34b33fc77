internal import JSONCoding

/// What is stored, what came in and how services do, as text.
enum StatisticsText {
    static func lines(status: JSONValue, services: [ServiceFigures], since: UInt64, style: TerminalStyle) -> [String] {
        var lines = [style.paint("stored", .bold)]
        lines += facts(store(status["store"]), style)
        if let ingest = status["ingest"] {
            lines += ["", style.paint("received since the start", .bold)]
            lines += facts(received(ingest), style)
        }
        lines += ["", style.paint("services, last \(DurationText.text(since))", .bold)]
        if services.isEmpty { return lines + ["  no spans in this time"] }
        return lines + table(services).lines(style)
    }

    private static func store(_ store: JSONValue?) -> [(String, String)] {
        let spans = Int(clamping: store?["spanCount"]?.intValue ?? 0)
        let bytes = Int(clamping: store?["bytesOnDisk"]?.intValue ?? 0)
        var facts = [("spans", NumberText.grouped(spans))]
        if let traces = store?["traceCount"]?.intValue { facts.append(("traces", NumberText.grouped(traces))) }
        let perSpan = spans > 0 ? ", \(DurationText.fixed(Double(bytes) / Double(spans), decimals: 1)) bytes a span" : ""
        facts.append(("on disk", NumberText.bytes(bytes) + perSpan))
        if let oldest = store?["oldestStartTimeUnixNano"]?.unsigned, let newest = store?["newestStartTimeUnixNano"]?.unsigned {
            facts.append(("from", TimeText.full(oldest)))
            facts.append(("to", "\(TimeText.full(newest)), \(DurationText.text(newest - min(oldest, newest))) later"))
        }
        return facts
    }

    private static func received(_ ingest: JSONValue) -> [(String, String)] {
        func number(_ name: String) -> Int64 { ingest[name]?.intValue ?? 0 }
        var facts = [("spans", NumberText.grouped(number("receivedSpans"))), ("committed", NumberText.grouped(number("committedSpans")))]
        for (name, label) in [
            ("rejectedSpans", "rejected"), ("refusedOverloadedSpans", "refused: queue full"), ("refusedStoreFailedSpans", "refused: store failed"),
            ("refusedShuttingDownSpans", "refused: stopping"), ("malformedRequests", "malformed requests"), ("droppedDatagrams", "dropped datagrams"),
            ("pendingSpans", "waiting"),
        ] where number(name) > 0 {
            facts.append((label, NumberText.grouped(number(name))))
        }
        for member in ingest["receivedSpansByProtocol"]?.objectValue?.members ?? [] {
            facts.append(("by \(member.name)", NumberText.grouped(member.value.intValue ?? 0)))
        }
        return facts
    }

    private static func facts(_ facts: [(String, String)], _ style: TerminalStyle) -> [String] {
        let width = facts.reduce(0) { max($0, DisplayText.width($1.0)) }
        return facts.map { "  \(DisplayText.padded($0.0, to: width))  \(DisplayText.fitted($0.1, to: max(10, style.width - width - 4)))" }
    }

    private static func table(_ services: [ServiceFigures]) -> TextTable {
        var table = TextTable(
            columns: [.init("service", minimum: 8, flexibility: 1), .init("spans", .right), .init("errors", .right)]
                + ServiceFigures.shownQuantiles.map { .init("p\(Int($0 * 100))", .right) }
        )
        for service in services {
            let errors = DurationText.share(UInt64(max(0, service.errorCount)), of: UInt64(max(0, service.spanCount)))
            table.rows.append(
                [
                    .init(service.name), .init(NumberText.grouped(service.spanCount)),
                    .init(errors, service.errorCount > 0 ? .error : .dim),
                ]
                    + ServiceFigures.shownQuantiles.map { quantile in
                        .init(service.quantiles[quantile].map { DurationText.text(UInt64(max(0, min($0 * 1e9, 1e18)))) } ?? "")
                    }
            )
        }
        return table
    }
}
