internal import TraceModel

extension TraceStoreConformance {
    /// What a scan of traces visits: numbers of the traces in order, and their spans' ids.
    private static func visited(_ store: any TraceStore, _ selection: SpanSelection, stopAfter: Int = .max) async throws -> [StoredTrace] {
        try await store.scanTraces(selection, projection: .whole, into: [StoredTrace]()) { traces, batch in
            traces += batch
            return traces.count >= stopAfter ? .stop : .more
        }
    }

    private static func numbers(_ traces: [StoredTrace]) -> [Int] {
        traces.map { trace in (0..<5000).first { Fixture.traceID($0) == trace.id } ?? -1 }
    }

    private static func selected(_ store: any TraceStore, _ selection: SpanSelection, _ projection: SpanProjection = .whole) async throws -> Set<Span> {
        try await store.scanSpans(selection, projection: projection, into: Set<Span>()) { spans, batch in
            for group in batch.resourceSpans {
                for scopeSpans in group.scopeSpans {
                    for span in scopeSpans.spans where selection.matches(span: span, resource: group.resource, scope: scopeSpans.scope) { spans.insert(span) }
                }
            }
            return .more
        }
    }

    private static func key(_ name: String, _ scope: AttributeScope? = nil) -> AttributeKey { AttributeKey(scope: scope, name: name) }

    static let scanChecks: [Check] = [
        Check("a scan of spans visits every selected span, whatever the condition") { subject in
            try await withStore(subject) { store in
                let link = SpanLink(traceID: Fixture.traceID(99), spanID: SpanID(1), attributes: [Attribute("where", "link")])
                let spans = [
                    Fixture.span(1, 1, name: "root", kind: .server, start: 1, duration: 10, attributes: [Attribute("n", 1), Attribute("s", "x")]),
                    Fixture.span(1, 2, name: "child", kind: .client, start: 2, duration: 20, attributes: [Attribute("n", 1.0)], status: .error("no")),
                    Fixture.span(2, 3, name: "child", start: 3, duration: 30, events: [SpanEvent(time: 1, name: "e", attributes: [Attribute("where", "event")])]),
                    Fixture.span(2, 1, name: "\u{c4}rger", start: 4, duration: 40, attributes: [Attribute("list", .array(["a", 2]))], links: [link]),
                ]
                for span in spans.prefix(2) { try await store.append([Fixture.batch("shop", [span], resource: [Attribute("zone", "a")])]) }
                try await store.append([Fixture.batch("bank", Array(spans.suffix(2)))])
                let cases: [([[SpanCondition]], [Int], String)] = [
                    ([], [0, 1, 2, 3], "everything"), ([[]], [0, 1, 2, 3], "no condition"), ([[.service("shop")]], [0, 1], "service"),
                    ([[.name("child")]], [1, 2], "name"), ([[.name("A\u{308}rger")]], [3], "name, written in another way"),
                    ([[.service("shop"), .name("child")]], [1], "service and name"), ([[.service("shop"), .service("bank")]], [], "two services"),
                    ([[.name("root")], [.service("bank")]], [0, 2, 3], "either"), ([[.kind(.server)]], [0], "kind"), ([[.status(.error)]], [1], "status"),
                    ([[.durationAtLeast(30_000_000)]], [2, 3], "at least"), ([[.durationAtMost(20_000_000)]], [0, 1], "at most"), ([[.isRoot]], [0, 3], "root"),
                    ([[.attribute(key("n"), .equals(1))]], [0, 1], "number"), ([[.attribute(key("n"), .exists)]], [0, 1], "exists"),
                    ([[.attribute(key("s", .span), .equals("x"))]], [0], "text"), ([[.attribute(key("s", .resource), .equals("x"))]], [], "text elsewhere"),
                    ([[.attribute(key("zone"), .equals("a"))]], [0, 1], "resource"), ([[.attribute(key("where", .event), .exists)]], [2], "event"),
                    ([[.attribute(key("where", .link), .equals("link"))]], [3], "link"), ([[.attribute(key("list"), .equals(2))]], [3], "element"),
                    ([[.attribute(key("none"), .exists)]], [], "no such key"), ([[.name("child"), .attribute(key("n"), .equals(1))]], [1], "name and number"),
                ]
                for (anyOf, expected, what) in cases {
                    let selection = SpanSelection(anyOf: anyOf)
                    try await expectEqual(selected(store, selection), Set(expected.map { spans[$0] }), what)
                    let traces = try await visited(store, selection)
                    try expectEqual(Set(numbers(traces)), Set(expected.map { $0 < 2 ? 1 : 2 }), "traces with \(what)")
                    try expect(traces.allSatisfy { $0.spans.count == 2 }, "traces with \(what) are not complete")
                }
                let window = SpanSelection(startTime: Fixture.epoch + 2_000_000...Fixture.epoch + 3_000_000)
                try await expectEqual(selected(store, window), [spans[1], spans[2]], "window")
                try await expectEqual(visited(store, window).map(\.spans.count), [2, 2], "spans of the traces of a window")
                for anyOf in [[], [[.name("child")]]] as [[[SpanCondition]]] {
                    let others = SpanSelection(anyOf: anyOf, except: Fixture.traceID(1))
                    try await expectEqual(selected(store, others), Set(anyOf.isEmpty ? [spans[2], spans[3]] : [spans[2]]), "spans of the other traces")
                    try await expectEqual(numbers(visited(store, others)), [2], "the other traces")
                }
            }
        },
        Check("a scan of traces goes from the newest selected span to the oldest, each trace once and whole") { subject in
            try await withStore(subject) { store in
                for number in [5, 1, 9, 3, 7, 2, 8, 4, 6] {
                    try await store.append([Fixture.batch([Fixture.span(number, 1, name: "root", start: UInt64(number))])])
                }
                for number in 1...9 { try await store.append([Fixture.batch("late", [Fixture.span(number, 2, name: "late", start: 100 - UInt64(number))])]) }
                try await expectEqual(numbers(visited(store, SpanSelection())), [1, 2, 3, 4, 5, 6, 7, 8, 9], "by the late spans")
                let roots = SpanSelection(anyOf: [[.name("root")]])
                let traces = try await visited(store, roots)
                try expectEqual(numbers(traces), [9, 8, 7, 6, 5, 4, 3, 2, 1], "by the roots")
                try expect(traces.allSatisfy { $0.sortedIDs == [1, 2] }, "a trace is not complete")
                for trace in traces { try await expectEqual(Set(trace.spans), Set(store.trace(trace.id)?.spans ?? []), "trace scanned, and by id") }
                try await expectEqual(numbers(visited(store, roots, stopAfter: 1)).first, 9, "the first, then stop")
            }
        },
        Check("a scan stops when told, when its task is cancelled, and with the error of its visitor") { subject in
            struct Enough: Error {}
            try await withStore(subject) { store in
                for number in 0..<200 { try await store.append([Fixture.batch([Fixture.span(number, 1, start: UInt64(number))])]) }
                let calls = try await store.scanSpans(SpanSelection(), projection: .bare, into: 0) { calls, _ in
                    calls += 1
                    return .stop
                }
                try expectEqual(calls, 1, "calls after stop")
                do {
                    _ = try await store.scanTraces(SpanSelection(), projection: .bare, into: 0) { _, _ in throw Enough() }
                    throw Failure(description: "the visitor's error is lost")
                } catch is Enough {}
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await store.scanTraces(SpanSelection(), projection: .bare, into: 0) { _, _ in .more }
                }
                do {
                    _ = try await task.value
                    throw Failure(description: "a cancelled scan succeeded")
                } catch is CancellationError {}
            }
        },
        Check("a projection leaves out no more than it says") { subject in
            try await withStore(subject) { store in
                let attributes: [Attribute] = [Attribute("a", "1"), Attribute("b", .array([1])), Attribute("c", 2)]
                let span = Fixture.span(1, 7, name: "work", kind: .server, attributes: attributes, events: [SpanEvent(time: 5, name: "e", attributes: attributes)], status: .error("no"))
                try await store.append([Fixture.batch("shop", [span], resource: attributes)])
                let projection = SpanProjection(attributes: .named(["b"]), events: true, links: false)
                let batch = try await store.scanSpans(SpanSelection(), projection: projection, into: SpanBatch()) { $0 = $1; return .more }
                let group = batch.resourceSpans.first
                let found = group?.scopeSpans.first?.spans.first
                try expectEqual(group?.resource.serviceName, "shop", "service")
                try expectEqual(group?.resource.attributes["b"], .array([1]), "resource's attribute")
                try expectEqual(found?.attributes["b"], .array([1]), "attribute")
                try expectEqual(found?.events.first?.attributes["b"], .array([1]), "event's attribute")
                try expectEqual(found?.status.code, .error, "status")
                try expectEqual([found?.startTime, found?.endTime], [span.startTime, span.endTime], "times")
                try expectEqual(found?.parentSpanID, SpanID(1), "parent")
                let bare = try await store.scanTraces(SpanSelection(), projection: .bare, into: [StoredTrace]()) { $0 += $1; return .more }
                try expectEqual(bare.first?.spans.first?.name, "work", "name")
            }
        },
        Check("keys and values of attributes are listed by scope, values by how often they occur") { subject in
            try await withStore(subject) { store in
                let event = SpanEvent(time: 1, name: "e", attributes: [Attribute("ek", true)])
                let link = SpanLink(traceID: Fixture.traceID(99), spanID: SpanID(1), attributes: [Attribute("lk", 0.5)])
                try await store.append([
                    Fixture.batch("shop", (0..<6).map { Fixture.span(1, UInt64($0 + 1), attributes: [Attribute("v", .string($0 < 4 ? "often" : "seldom")), Attribute("n", 7)]) }, resource: [Attribute("zone", "a")]),
                    Fixture.batch("bank", [Fixture.span(2, 1, attributes: [Attribute("v", "once")], events: [event], links: [link])]),
                ])
                let keys = try await store.attributeKeys(scope: nil, startTime: 0...UInt64.max, limit: 100)
                try expectEqual(
                    keys,
                    [key("ek", .event), key("lk", .link), key("service.name", .resource), key("zone", .resource), key("n", .span), key("v", .span)], "keys"
                )
                try await expectEqual(store.attributeKeys(scope: .span, startTime: 0...UInt64.max, limit: 1), [key("n", .span)], "first key of spans")
                let values = try await store.attributeValues(key("v", .span), startTime: 0...UInt64.max, limit: 2)
                try expectEqual(values.map(\.value), ["often", "seldom"], "most frequent values")
                try await expectEqual(store.attributeValues(key("zone"), startTime: 0...UInt64.max, limit: 9).map(\.value), ["a"], "values of a resource")
                try await expectEqual(store.attributeValues(key("n"), startTime: 0...UInt64.max, limit: 9).map(\.value), [7], "numbers")
                try await expectEqual(store.attributeValues(key("ek", .event), startTime: 0...UInt64.max, limit: 9).map(\.value), [true], "values of events")
                try await expectEqual(store.attributeValues(key("none"), startTime: 0...UInt64.max, limit: 9).map(\.value), [], "values of an unknown key")
            }
        },
    ]
}
