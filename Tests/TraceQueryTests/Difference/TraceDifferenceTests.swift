import Testing
import TraceModel
import TraceQuery

@Suite("Differences of traces")
struct TraceDifferenceTests {
    private func lines(_ first: TraceTree, _ second: TraceTree) -> [String] {
        TraceDifference(first, second).rows.map { row in
            let name = row.second.map { second.span($0).name } ?? row.first.map { first.span($0).name } ?? ""
            return "\(row.depth) \(row.change.rawValue) \(name) \(row.first.map(String.init) ?? "-") \(row.second.map(String.init) ?? "-")"
        }
    }

    @Test("traces of one shape are the same, whatever their ids and times")
    func same() {
        let first = tree(span(1, "a", start: 0, end: 10), span(2, parent: 1, "b", start: 1, end: 5), span(3, parent: 1, "b", start: 6, end: 9))
        let second = tree(span(7, "a", start: 50, end: 90), span(9, parent: 7, "b", start: 60, end: 61), span(8, parent: 7, "b", start: 55, end: 56))
        let difference = TraceDifference(first, second)
        #expect(difference.changedCount == 0)
        #expect(lines(first, second) == ["0 same a 0 0", "1 same b 1 1", "1 same b 2 2"])
        // The first in time stands against the first in time.
        #expect(second.span(difference.rows[1].second ?? -1).spanID == SpanID(8))
    }

    @Test("a step that is gone, one that is new, and what hangs below them")
    func changed() {
        let first = tree(span(1, "a", start: 0, end: 10), span(2, parent: 1, "old", start: 1, end: 5), span(3, parent: 2, "below", start: 2, end: 3))
        let second = tree(span(1, "a", start: 0, end: 10), span(2, parent: 1, "new", start: 1, end: 5), span(3, parent: 2, "below", start: 2, end: 3))
        #expect(
            lines(first, second) == [
                "0 same a 0 0", "1 removed old 1 -", "2 removed below 2 -", "1 added new - 1", "2 added below - 2",
            ])
        #expect(TraceDifference(first, second).changedCount == 4)
        #expect(TraceDifference(first, second).rows.map(\.hasNextSibling) == [false, true, false, false, false])
    }

    @Test("of more siblings in one trace the later ones are left over")
    func repeated() {
        let few = tree(span(1, "a", start: 0, end: 10), span(2, parent: 1, "try", start: 1, end: 2))
        let many = tree([span(1, "a", start: 0, end: 10)] + (2...4).map { span($0, parent: 1, "try", start: $0, end: $0 + 1) })
        #expect(lines(few, many) == ["0 same a 0 0", "1 same try 1 1", "1 added try - 2", "1 added try - 3"])
        #expect(lines(many, few) == ["0 same a 0 0", "1 same try 1 1", "1 removed try 2 -", "1 removed try 3 -"])
    }

    @Test("the same name in another service is another step")
    func services() {
        let first = TraceTree(traceID: traceID, batch: batch(("x", [span(1, "call", start: 0, end: 1)])))
        let second = TraceTree(traceID: traceID, batch: batch(("y", [span(1, "call", start: 0, end: 1)])))
        #expect(lines(first, second) == ["0 removed call 0 -", "0 added call - 0"])
    }

    @Test("nothing against something, and a chain of 50,000 spans")
    func extremes() {
        let chain = tree((1...50_000).map { span($0, parent: $0 == 1 ? nil : $0 - 1, "step", start: $0, end: 100_000) })
        #expect(TraceDifference(chain, chain).changedCount == 0)
        #expect(TraceDifference(tree([]), chain).changedCount == 50_000)
        #expect(TraceDifference(chain, tree([])).changedCount == 50_000)
        #expect(TraceDifference(tree([]), tree([])).rows.isEmpty)
    }

    @Test("each row of both traces comes once, parents first")
    func completeness() {
        var random = SplitMix64(state: 7)
        for _ in 0..<50 {
            let trees = (0..<2).map { _ in
                tree(
                    (1...UInt64.random(in: 1...60, using: &random)).map { id in
                        let parent = id == 1 ? nil : UInt64.random(in: 1..<id, using: &random)
                        let start = UInt64.random(in: 0...100, using: &random)
                        return span(id, parent: parent, ["a", "b", "c"].randomElement(using: &random) ?? "a", start: start, end: start + 5)
                    })
            }
            let rows = TraceDifference(trees[0], trees[1]).rows
            #expect(rows.compactMap(\.first).sorted() == Array(trees[0].rows.indices))
            #expect(rows.compactMap(\.second).sorted() == Array(trees[1].rows.indices))
            for row in rows {
                if let first = row.first { #expect(trees[0].rows[first].depth == row.depth) }
                if let second = row.second { #expect(trees[1].rows[second].depth == row.depth) }
            }
        }
    }
}
