import Testing
import TraceModel
import TraceQuery

@Suite("Traces as trees")
struct TraceTreeTests {
    private func ids(_ tree: TraceTree) -> [UInt64] { tree.rows.indices.map { tree.span($0).spanID.value } }

    @Test("rows go depth first, children by start, the longer one first")
    func order() {
        let tree = tree(
            span(5, parent: 1, start: 60, end: 70),
            span(3, parent: 2, start: 12, end: 20),
            span(1, start: 10, end: 100),
            span(6, parent: 1, start: 60, end: 90),
            span(2, parent: 1, start: 11, end: 50)
        )
        #expect(ids(tree) == [1, 2, 3, 6, 5])
        #expect(tree.rows.map(\.depth) == [0, 1, 2, 1, 1])
        #expect(tree.rows.map(\.parent) == [-1, 0, 1, 0, 0])
        #expect(tree.rows.map(\.descendantCount) == [4, 1, 0, 0, 0])
        #expect(tree.warnings.isEmpty)
        #expect(tree.spans.duration == 90)
    }

    @Test("spans without their parent stand at the top, flagged, after the root")
    func orphans() {
        let tree = tree(
            span(7, parent: 99, start: 5, end: 9),
            span(8, parent: 7, start: 6, end: 7),
            span(1, start: 10, end: 20)
        )
        #expect(ids(tree) == [1, 7, 8])
        #expect(tree.rows.map(\.isOrphan) == [false, true, false])
        #expect(tree.rows.map(\.depth) == [0, 0, 1])
        #expect(tree.warnings == ["1 span stands at the top level because its parent is not here"])
    }

    @Test("a cycle of parents is cut at its earliest span, and nothing is lost")
    func cycles() {
        let tree = tree(
            span(1, parent: 3, start: 30, end: 40),
            span(2, parent: 1, start: 10, end: 40),
            span(3, parent: 2, start: 20, end: 40),
            span(4, parent: 1, start: 35, end: 36),
            span(9, parent: 9, start: 50, end: 60)
        )
        #expect(ids(tree) == [2, 3, 1, 4, 9])
        #expect(tree.rows.map(\.isCycleCut) == [true, false, false, false, true])
        #expect(tree.warnings == ["2 cycles of parents were cut"])
    }

    @Test("a span that arrived twice is shown once, different spans of one id are all kept")
    func sameID() {
        let first = span(2, parent: 1, "a", start: 2, end: 3)
        let tree = tree(span(1, start: 1, end: 9), first, span(2, parent: 1, "b", start: 4, end: 5), first, first)
        #expect(ids(tree) == [1, 2, 2])
        #expect(tree.spans.removedCopies == 2)
        #expect(tree.spans.batch.spanCount == 3)
        #expect(tree.warnings == ["2 spans arrived more than once and are shown once"])
    }

    @Test("of Zipkin's shared spans the server's stands below the client's, and children go to their own service")
    func sharedSpans() {
        let tree = TraceTree(
            traceID: traceID,
            batch: batch(
                ("front", [span(1, start: 0, end: 100), span(2, parent: 1, "call", kind: .client, start: 10, end: 90), span(4, parent: 2, start: 80, end: 85)]),
                ("back", [span(2, parent: 1, "serve", kind: .server, start: 20, end: 70), span(3, parent: 2, start: 30, end: 40)])
            )
        )
        let names = tree.rows.indices.map { "\(tree.rows[$0].depth) \(tree.serviceName($0)) \(tree.span($0).name)" }
        #expect(names == ["0 front span", "1 front call", "2 back serve", "3 back span", "2 front span"])
    }

    @Test("a failed span marks every one above it")
    func failedDescendants() {
        let tree = tree(
            span(1, start: 0, end: 9),
            span(2, parent: 1, start: 1, end: 8),
            span(3, parent: 2, start: 2, end: 7, status: .error("broken")),
            span(4, parent: 1, start: 8, end: 9)
        )
        #expect(tree.rows.map(\.hasFailedDescendant) == [true, true, false, false])
    }

    @Test("a chain of 100,000 spans")
    func deepChain() {
        let count: UInt64 = 100_000
        let spans = (1...count).map { span($0, parent: $0 == 1 ? nil : $0 - 1, start: $0, end: 2 * count - $0 + 2) }
        let tree = tree(spans.reversed())
        #expect(tree.rows.count == 100_000)
        #expect(tree.rows.last?.depth == 99_999)
        #expect(tree.rows.first?.descendantCount == 99_999)
        #expect(StageBreakdown(tree).strip.isEmpty)
    }

    @Test("50,000 different spans of one id take no quadratic time")
    func manyOfOneID() {
        let spans = (1...50_000).map { span(7, parent: 7, start: UInt64($0), end: UInt64($0) + 5) }
        #expect(tree(spans).rows.count == 50_000)
    }

    @Test("random parents: every span comes once, after its parent, in one piece with its subtree")
    func randomParents() {
        var random = SplitMix64(state: 42)
        for _ in 0..<200 {
            let count = Int.random(in: 1...60, using: &random)
            let spans = (1...count).map { id in
                span(UInt64(id), parent: UInt64.random(in: 0...UInt64(count + 5), using: &random), start: UInt64.random(in: 1...100, using: &random), end: 200)
            }
            let tree = tree(spans)
            #expect(ids(tree).sorted() == (1...count).map { UInt64($0) })
            for (index, row) in tree.rows.enumerated() {
                #expect(row.parent < index)
                #expect(index + row.descendantCount < tree.rows.count)
                if row.parent >= 0 {
                    #expect(row.depth == tree.rows[row.parent].depth + 1)
                    #expect(index + row.descendantCount <= row.parent + tree.rows[row.parent].descendantCount)
                }
            }
        }
    }

    @Test("no spans at all, and a span without a start")
    func degenerate() {
        let empty = TraceTree(traceID: traceID, batch: SpanBatch())
        #expect(empty.rows.isEmpty)
        #expect(empty.spans.duration == 0)
        #expect(TraceSummary(empty.spans).rootName == "")
        let broken = tree(span(1, start: 1_000_000, end: 1_000_100), span(2, parent: 1, start: 0, end: 1_000_050), span(3, parent: 1, start: 1_000_090, end: 5))
        #expect(broken.spans.startTime == 1_000_000)
        #expect(broken.spans.duration == 100)
        #expect(broken.warnings == ["1 span ends before it starts and is shown without length"])
    }
}
