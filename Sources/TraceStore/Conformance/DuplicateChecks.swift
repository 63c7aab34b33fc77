internal import TraceModel

extension TraceStoreConformance {
    static let duplicateChecks: [Check] = [
        Check("a span delivered twice is returned once") { subject in
            try await withStore(subject) { store in
                let batch = Fixture.everything()
                try await store.append([batch, batch])
                try await store.append([batch])
                let expected = StoredTrace(id: Fixture.traceID(1), batch: batch)
                try await expectEqual(store.trace(Fixture.traceID(1)), expected, "trace")
                try await expectEqual(store.findTraces(TraceSearch()), [expected], "found traces")
            }
        },
        Check("spans delivered again after they were stored are counted, searched and scanned once, with their new neighbours") { subject in
            try await withStore(subject) { store in
                let first = [Fixture.span(1, 1), Fixture.span(1, 2), Fixture.span(2, 1)]
                try await store.append([Fixture.batch(first)])
                try await store.append([Fixture.batch(first + [Fixture.span(2, 5), Fixture.span(3, 1)]), Fixture.batch(first)])
                try await expectEqual(store.statistics().spanCount, 5, "span count")
                try await expectEqual(store.trace(Fixture.traceID(1))?.sortedIDs ?? [], [1, 2], "spans of trace 1")
                try await expectEqual(store.trace(Fixture.traceID(2))?.sortedIDs ?? [], [1, 5], "spans of trace 2")
                let spans = try await store.scanTraces(SpanSelection(), projection: .whole, into: 0) { $0 += $1.reduce(0) { $0 + $1.spans.count }; return .more }
                try expectEqual(spans, 5, "spans scanned")
                // Another resource or another field is another span.
                try await store.append([Fixture.batch("bank", first), Fixture.batch([Fixture.span(1, 1, name: "other")])])
                try await expectEqual(store.statistics().spanCount, 9, "span count with different spans of the same ids")
            }
        },
        Check("different spans with one id are both kept") { subject in
            try await withStore(subject) { store in
                let client = Fixture.span(1, 7, name: "call", kind: .client)
                let server = Fixture.span(1, 7, name: "call", kind: .server)
                try await store.append([Fixture.batch([client])])
                try await store.append([Fixture.batch([server, client])])
                let trace = try await store.trace(Fixture.traceID(1))
                try expectEqual(trace?.spans.count, 2, "span count")
                try expect(Set(trace?.spans ?? []) == [client, server], "the spans differ from the stored ones")
            }
        },
        Check("equal spans of different resources are both kept") { subject in
            try await withStore(subject) { store in
                try await store.append([Fixture.batch("a", [Fixture.span(1, 7)]), Fixture.batch("b", [Fixture.span(1, 7)])])
                try await expectEqual(store.trace(Fixture.traceID(1))?.spans.count, 2, "span count")
            }
        },
    ]
}
