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
