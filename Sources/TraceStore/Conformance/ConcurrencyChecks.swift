internal import TraceModel

extension TraceStoreConformance {
    static let concurrencyChecks: [Check] = [
        Check("what 32 tasks append at once is all there") { subject in
            try await withStore(subject) { store in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<32 {
                        group.addTask {
                            for round in 0..<20 {
                                let spans = (0..<5).map { Fixture.span(($0 + round) % 10, UInt64(task * 1000 + round * 10 + $0 + 1), start: UInt64(round)) }
                                try await store.append([Fixture.batch("service \(task)", spans)])
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await expectEqual(store.statistics().spanCount, 32 * 20 * 5, "span count")
                try await expectEqual(store.services().count, 32, "services")
                var spans: Set<Span> = []
                for number in 0..<10 {
                    for span in try await store.trace(Fixture.traceID(number))?.spans ?? [] { spans.insert(span) }
                }
                try expectEqual(spans.count, 32 * 20 * 5, "distinct spans read")
            }
        },
        Check("a span is found as soon as append returned, while others write and read") { subject in
            try await withStore(subject) { store in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 {
                        group.addTask {
                            for round in 0..<40 {
                                let number = task * 100 + round
                                try await store.append([Fixture.batch([Fixture.span(number, 1, start: UInt64(number)), Fixture.span(number, 2)])])
                                let trace = try await store.trace(Fixture.traceID(number))
                                try expectEqual(trace?.sortedIDs ?? [], [1, 2], "spans of trace \(number), just stored")
                            }
                        }
                    }
                    group.addTask {
                        var last = 0
                        for _ in 0..<40 {
                            let found = try await store.findTraces(TraceSearch(limit: 1000))
                            try expect(found.count >= last, "a search found \(found.count) traces, and \(last) before")
                            try expect(found.allSatisfy { $0.sortedIDs == [1, 2] }, "a search returned an incomplete trace")
                            last = found.count
                        }
                    }
                    try await group.waitForAll()
                }
                try await expectEqual(store.findTraces(TraceSearch(limit: 1000)).count, 320, "traces")
            }
        },
    ]
}
