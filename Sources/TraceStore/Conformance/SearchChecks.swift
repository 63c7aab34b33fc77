internal import TraceModel

extension TraceStoreConformance {
    /// Searches with a limit above all that is stored, and compares the numbers of the traces.
    private static func expectFound(_ store: any TraceStore, _ search: TraceSearch, _ numbers: [Int], _ what: String) async throws {
        var search = search
        if search.limit == TraceSearch().limit { search.limit = 1000 }
        let found = try await store.findTraces(search).map(\.id)
        let names = found.map { id in (0..<1000).first { Fixture.traceID($0) == id } ?? -1 }
        try expectEqual(names, numbers, what)
    }

    private static func tags(_ pairs: (String, String)...) -> TraceSearch {
        TraceSearch(attributes: pairs.map { TagFilter(key: $0.0, value: $0.1) })
    }

    static let searchChecks: [Check] = [
        Check("search by service and operation, newest first") { subject in
            try await withStore(subject) { store in
                try await store.append([
                    Fixture.batch("shop", [Fixture.span(1, 1, name: "buy", start: 10), Fixture.span(2, 1, name: "pay", start: 30)]),
                    Fixture.batch("bank", [Fixture.span(3, 1, name: "pay", start: 20)]),
                ])
                try await expectFound(store, TraceSearch(), [2, 3, 1], "all")
                try await expectFound(store, TraceSearch(service: "shop"), [2, 1], "service")
                try await expectFound(store, TraceSearch(operation: "pay"), [2, 3], "operation")
                try await expectFound(store, TraceSearch(service: "bank", operation: "pay"), [3], "service and operation")
                try await expectFound(store, TraceSearch(service: "bank", operation: "buy"), [], "operation of another service")
                try await expectFound(store, TraceSearch(service: "sho"), [], "part of a service")
                try await expectFound(store, TraceSearch(operation: "PAY"), [], "operation in another case")
            }
        },
        Check("search by tag: span, resource, event, link, scope, and the keys with a meaning of their own") { subject in
            try await withStore(subject) { store in
                let link = SpanLink(traceID: Fixture.traceID(99), spanID: SpanID(1), attributes: [Attribute("where", "link")])
                var scoped = Fixture.batch([Fixture.span(5, 1, start: 5)])
                scoped.resourceSpans[0].scopeSpans[0].scope = InstrumentationScope(name: "lib", version: "9", attributes: [Attribute("where", "scope")])
                try await store.append([
                    Fixture.batch([
                        Fixture.span(1, 1, start: 1, attributes: [Attribute("where", "span")]),
                        Fixture.span(3, 1, start: 3, events: [SpanEvent(time: 1, name: "boom", attributes: [Attribute("where", "event")])]),
                        Fixture.span(4, 1, kind: .server, start: 4, links: [link], status: .error("no luck")),
                    ]),
                    Fixture.batch([Fixture.span(2, 1, start: 2)], resource: [Attribute("where", "resource")]),
                    scoped,
                ])
                try await expectFound(store, tags(("where", "span")), [1], "attribute")
                try await expectFound(store, tags(("where", "resource")), [2], "resource")
                try await expectFound(store, tags(("where", "event")), [3], "event")
                try await expectFound(store, tags(("where", "link")), [4], "link")
                try await expectFound(store, tags(("where", "scope")), [5], "scope")
                try await expectFound(store, tags(("where", "nowhere")), [], "another value")
                try await expectFound(store, tags(("resource.where", "resource")), [2], "resource.X")
                try await expectFound(store, tags(("resource.where", "span")), [], "resource.X of a span")
                try await expectFound(store, tags(("error", "true")), [4], "error")
                try await expectFound(store, tags(("error", "false")), [5, 3, 2, 1], "no error")
                try await expectFound(store, tags(("span.status", "error")), [4], "span.status")
                try await expectFound(store, tags(("otel.status_code", "ERROR")), [4], "otel.status_code")
                try await expectFound(store, tags(("otel.status_description", "no luck")), [4], "otel.status_description")
                try await expectFound(store, tags(("span.kind", "server")), [4], "span.kind")
                try await expectFound(store, tags(("scope.name", "lib")), [5], "scope.name")
                try await expectFound(store, tags(("otel.scope.version", "9")), [5], "otel.scope.version")
                try await expectFound(store, tags(("event", "boom")), [3], "event name")
            }
        },
        Check("tag values of all types compare as text") { subject in
            try await withStore(subject) { store in
                let values: [AttributeValue] = [
                    "200", 200, 200.0, true, .bytes([1, 2]), .array(["a", 1]), .keyValueList([Attribute("b", 2), Attribute("a", "x\"")]), 0.25,
                ]
                try await store.append([
                    Fixture.batch(values.enumerated().map { Fixture.span($0.offset, 1, start: UInt64($0.offset), attributes: [Attribute("v", $0.element)]) })
                ])
                try await expectFound(store, tags(("v", "200")), [2, 1, 0], "200")
                try await expectFound(store, tags(("v", "true")), [3], "true")
                try await expectFound(store, tags(("v", "AQI=")), [4], "bytes")
                try await expectFound(store, tags(("v", "[\"a\",1]")), [5], "array")
                try await expectFound(store, tags(("v", "{\"a\":\"x\\\"\",\"b\":2}")), [6], "map")
                try await expectFound(store, tags(("v", "0.25")), [7], "fraction")
            }
        },
        Check("one span must satisfy everything, and its whole trace is returned") { subject in
            try await withStore(subject) { store in
                try await store.append([
                    Fixture.batch("shop", [
                        Fixture.span(1, 1, name: "buy", attributes: [Attribute("a", "1")]), Fixture.span(1, 2, name: "pay", attributes: [Attribute("b", "2")]),
                        Fixture.span(2, 1, name: "buy", attributes: [Attribute("a", "1"), Attribute("b", "2")]),
                    ])
                ])
                try await store.append([Fixture.batch("bank", [Fixture.span(2, 2), Fixture.span(2, 3)])])
                try await expectFound(store, tags(("a", "1"), ("b", "2")), [2], "two tags")
                var search = tags(("b", "2"))
                search.operation = "buy"
                let found = try await store.findTraces(search)
                try expectEqual(found.map(\.sortedIDs), [[1, 2, 3]], "spans of the trace found")
                try await expectEqual(found.first, store.trace(Fixture.traceID(2)), "trace found, and trace by id")
            }
        },
        Check("durations are the span's, limits included") { subject in
            try await withStore(subject) { store in
                try await store.append([Fixture.batch((1...5).map { Fixture.span($0, 1, start: UInt64($0), duration: UInt64($0)) })])
                try await expectFound(store, TraceSearch(minimumDuration: 3_000_000), [5, 4, 3], "at least 3 ms")
                try await expectFound(store, TraceSearch(minimumDuration: 3_000_001), [5, 4], "more than 3 ms")
                try await expectFound(store, TraceSearch(maximumDuration: 3_000_000), [3, 2, 1], "at most 3 ms")
                try await expectFound(store, TraceSearch(maximumDuration: 2_999_999), [2, 1], "less than 3 ms")
                try await expectFound(store, TraceSearch(minimumDuration: 2_000_000, maximumDuration: 4_000_000), [4, 3, 2], "2 to 4 ms")
                try await expectFound(store, TraceSearch(minimumDuration: 6_000_000), [], "longer than all")
            }
        },
        Check("the time range is of the span's start, both ends included") { subject in
            try await withStore(subject) { store in
                for number in 1...5 { try await store.append([Fixture.batch([Fixture.span(number, 1, start: UInt64(number), duration: 100)])]) }
                func time(_ milliseconds: UInt64) -> UInt64 { Fixture.epoch + milliseconds * 1_000_000 }
                try await expectFound(store, TraceSearch(startTime: time(2)...time(4)), [4, 3, 2], "2 to 4 ms")
                try await expectFound(store, TraceSearch(startTime: time(2) + 1...time(4) - 1), [3], "within 2 to 4 ms")
                try await expectFound(store, TraceSearch(startTime: 0...time(1)), [1], "up to 1 ms")
                try await expectFound(store, TraceSearch(startTime: time(6)...UInt64.max), [], "after all")
                try await expectFound(store, TraceSearch(startTime: 0...0), [], "at the epoch")
            }
        },
        Check("the limit keeps the newest, in whatever order spans arrive") { subject in
            try await withStore(subject) { store in
                for number in [5, 1, 9, 3, 7, 2, 8, 4, 6] {
                    try await store.append([Fixture.batch([Fixture.span(number, 1, start: UInt64(number))])])
                }
                try await expectFound(store, TraceSearch(limit: 3), [9, 8, 7], "limit 3")
                try await expectFound(store, TraceSearch(limit: 1), [9], "limit 1")
                try await expectFound(store, TraceSearch(limit: 0), [], "limit 0")
                try await expectFound(store, TraceSearch(limit: -1), [], "limit -1")
                try await expectFound(store, TraceSearch(limit: .max), [9, 8, 7, 6, 5, 4, 3, 2, 1], "no limit")
                // An old span does not make a trace older, a new one makes it newer.
                try await store.append([Fixture.batch([Fixture.span(9, 2, start: 0), Fixture.span(1, 2, start: 10)])])
                try await expectFound(store, TraceSearch(limit: 2), [1, 9], "limit 2 after late spans")
            }
        },
    ]
}
