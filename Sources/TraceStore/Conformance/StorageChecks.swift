internal import TraceModel

extension TraceStoreConformance {
    static let storageChecks: [Check] = [
        Check("an empty store answers every question with nothing") { subject in
            try await withStore(subject) { store in
                try await expectEqual(store.services(), [], "services")
                try await expectEqual(store.operations(service: "shop"), [], "operations")
                try await expectEqual(store.trace(Fixture.traceID(1)), nil, "trace")
                try await expectEqual(store.version(ofTrace: Fixture.traceID(1)), nil, "version")
                try await expectEqual(store.findTraces(TraceSearch()), [], "found traces")
                let statistics = try await store.statistics()
                try expectEqual(statistics.spanCount, 0, "span count")
                try expectEqual(statistics.oldestStartTime, nil, "oldest start")
                try expectEqual(statistics.newestStartTime, nil, "newest start")
                try await store.append([])
                try await store.append([SpanBatch(), Fixture.batch([])])
                try await expectEqual(store.statistics().spanCount, 0, "span count after storing nothing")
            }
        },
        Check("every field comes back as it was given") { subject in
            try await withStore(subject) { store in
                let batch = Fixture.everything()
                try await store.append([batch])
                let trace = try await store.trace(Fixture.traceID(1))
                try expectEqual(trace, StoredTrace(id: Fixture.traceID(1), batch: batch), "trace")
                let found = try await store.findTraces(TraceSearch())
                try expectEqual(found, [StoredTrace(id: Fixture.traceID(1), batch: batch)], "found traces")
            }
        },
        Check("an unknown id has no trace, also when an id is like a stored one") { subject in
            try await withStore(subject) { store in
                try await store.append([Fixture.batch([Fixture.span(1, 1)])])
                let stored = Fixture.traceID(1)
                for id in [Fixture.traceID(2), TraceID(high: 0, low: stored.low), TraceID(high: stored.low, low: stored.high), TraceID(high: 0, low: 0)] {
                    try await expectEqual(store.trace(id), nil, "trace \(id)")
                }
            }
        },
        Check("traces in one batch are kept apart") { subject in
            try await withStore(subject) { store in
                try await store.append([Fixture.batch((0..<100).map { Fixture.span($0 % 10, UInt64($0 + 1)) })])
                for number in 0..<10 {
                    let trace = try await store.trace(Fixture.traceID(number))
                    try expectEqual(trace?.sortedIDs ?? [], (0..<10).map { UInt64($0 * 10 + number + 1) }, "spans of trace \(number)")
                }
            }
        },
        Check("late spans join their trace, equal resources and scopes are one group") { subject in
            try await withStore(subject) { store in
                for id in 1...5 {
                    try await store.append([Fixture.batch([Fixture.span(1, UInt64(id))]), Fixture.batch("bank", [Fixture.span(1, UInt64(id + 10))])])
                    try await store.append([Fixture.batch([Fixture.span(100 + id, 1)])])
                }
                let trace = try await store.trace(Fixture.traceID(1))
                try expectEqual(trace?.sortedIDs ?? [], [1, 2, 3, 4, 5, 11, 12, 13, 14, 15], "spans")
                try expectEqual(trace?.batch.resourceSpans.count, 2, "resources")
                try expectEqual(trace?.batch.resourceSpans.map(\.scopeSpans.count), [1, 1], "scopes")
            }
        },
        Check("a trace's version changes with the spans that come to it") { subject in
            try await withStore(subject) { store in
                try await expectEqual(store.version(ofTrace: Fixture.traceID(1)), nil, "version of an unknown trace")
                var versions: Set<TraceVersion> = []
                for id in 1...20 {
                    try await store.append([Fixture.batch([Fixture.span(1, UInt64(id)), Fixture.span(2, UInt64(id))])])
                    guard let version = try await store.version(ofTrace: Fixture.traceID(1)) else { throw Failure(description: "a stored trace has no version") }
                    try await expectEqual(store.version(ofTrace: Fixture.traceID(1)), version, "version when asked again")
                    try expectEqual(versions.insert(version).inserted, true, "version is new after span \(id)")
                }
            }
        },
        Check("a trace's version is there when the store is opened again", needsPersistence: true) { subject in
            var version: TraceVersion?
            for id in 1...3 {
                try await withStore(subject) { store in
                    if id > 1 { try await expectEqual(store.version(ofTrace: Fixture.traceID(1)), version, "version after opening again") }
                    try await store.append([Fixture.batch([Fixture.span(1, UInt64(id))])])
                    let next = try await store.version(ofTrace: Fixture.traceID(1))
                    try expectEqual(next == nil || next == version, false, "version is new after span \(id)")
                    version = next
                }
            }
        },
        Check("services and operations are complete, unique and sorted") { subject in
            try await withStore(subject) { store in
                try await store.append([
                    Fixture.batch("shop", [Fixture.span(1, 1, name: "pay", kind: .server), Fixture.span(1, 2, name: "buy", kind: .client)]),
                    Fixture.batch("bank", [Fixture.span(1, 3, name: "pay", kind: .server)]),
                    SpanBatch(resource: Resource(), scope: Fixture.scope, spans: [Fixture.span(1, 4, name: "lost")]),
                ])
                try await store.append([
                    Fixture.batch("shop", [
                        Fixture.span(2, 1, name: "buy", kind: .server), Fixture.span(2, 2, name: "pay", kind: .server), Fixture.span(2, 3, name: "Ärger"),
                    ])
                ])
                try await expectEqual(store.services(), ["bank", "shop", Resource.unknownService], "services")
                let expected = [
                    Operation(name: "buy", kind: .server), Operation(name: "buy", kind: .client), Operation(name: "pay", kind: .server),
                    Operation(name: "Ärger", kind: .internal),
                ]
                try await expectEqual(store.operations(service: "shop"), expected.sorted(), "operations of shop")
                try await expectEqual(store.operations(service: "bank"), [Operation(name: "pay", kind: .server)], "operations of bank")
                try await expectEqual(store.operations(service: "none"), [], "operations of an unknown service")
            }
        },
        Check("a trace of 10,000 spans comes back whole") { subject in
            try await withStore(subject) { store in
                let spans = (1...10_000).map { id in
                    Fixture.span(1, UInt64(id), start: UInt64(id), attributes: [Attribute("index", .int(Int64(id)))])
                }
                try await store.append([Fixture.batch(spans)])
                let trace = try await store.trace(Fixture.traceID(1))
                try expectEqual(trace?.spans.count, 10_000, "span count")
                try expect(trace?.spans.sorted { $0.spanID < $1.spanID } == spans, "the spans differ from the stored ones")
            }
        },
        Check("statistics count what is stored") { subject in
            try await withStore(subject) { store in
                try await store.append([Fixture.batch([Fixture.span(1, 1, start: 50), Fixture.span(1, 2, start: 10), Fixture.span(2, 1, start: 20)])])
                let statistics = try await store.statistics()
                try expectEqual(statistics.spanCount, 3, "span count")
                try expect(statistics.traceCount == nil || statistics.traceCount == 2, "trace count is \(statistics.traceCount ?? -1), expected 2")
                try expectEqual(statistics.oldestStartTime, Fixture.epoch + 10_000_000, "oldest start")
                try expectEqual(statistics.newestStartTime, Fixture.epoch + 50_000_000, "newest start")
                try expect(statistics.isWhole, "something is said to be gone, although nothing was dropped")
                try expect(statistics.bytesOnDisk > 0 || !subject.isPersistent, "a persistent store takes no bytes on disk")
            }
        },
        Check("a closed store says so, and may be closed twice") { subject in
            let store = try await subject.open()
            try await store.append([Fixture.batch([Fixture.span(1, 1)])])
            await store.close()
            await store.close()
            func expectClosed(_ what: String, _ body: () async throws -> Void) async throws {
                do {
                    try await body()
                    throw Failure(description: "\(what) of a closed store succeeded")
                } catch let error as StoreError {
                    try expectEqual(error.code, .closed, "code of the error of \(what)")
                }
            }
            try await expectClosed("append") { try await store.append([Fixture.batch([Fixture.span(1, 2)])]) }
            try await expectClosed("trace") { _ = try await store.trace(Fixture.traceID(1)) }
            try await expectClosed("findTraces") { _ = try await store.findTraces(TraceSearch()) }
            try await expectClosed("services") { _ = try await store.services() }
            try await expectClosed("statistics") { _ = try await store.statistics() }
        },
        Check("everything is there after closing and opening again", needsPersistence: true) { subject in
            let batch = Fixture.everything()
            try await withStore(subject) { store in
                try await store.append([batch])
                try await store.append([Fixture.batch([Fixture.span(2, 1, start: 7)])])
            }
            try await withStore(subject) { store in
                try await expectEqual(store.trace(Fixture.traceID(1)), StoredTrace(id: Fixture.traceID(1), batch: batch), "trace")
                try await expectEqual(store.services(), ["all", "shop", Resource.unknownService], "services")
                try await expectEqual(store.statistics().spanCount, batch.spanCount + 1, "span count")
                try await expectEqual(store.findTraces(TraceSearch(service: "shop")).map(\.id), [Fixture.traceID(2)], "traces of shop")
                try await store.append([Fixture.batch("late", [Fixture.span(2, 2)])])
                try await expectEqual(store.trace(Fixture.traceID(2))?.sortedIDs ?? [], [1, 2], "spans of a trace from before and after")
            }
        },
    ]
}
