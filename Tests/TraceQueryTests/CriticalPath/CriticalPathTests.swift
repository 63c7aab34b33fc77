import Testing
import TraceModel
import TraceQuery

@Suite("The critical path")
struct CriticalPathTests {
    private func pieces(_ path: CriticalPath) -> [String] {
        path.pieces.map { "\($0.row) \($0.start)+\($0.duration)" }
    }

    @Test("of parallel children the later one counts, and the parent's own moments stay its own")
    func parallel() {
        let path = CriticalPath(
            tree(
                span(1, start: 1000, end: 1100),
                span(2, parent: 1, start: 1010, end: 1050),
                span(3, parent: 1, start: 1020, end: 1080),
                span(4, parent: 3, start: 1030, end: 1060)
            )
        )
        // Before row 2 (the later child) row 1 ran until it was joined.
        #expect(pieces(path) == ["0 0+10", "1 10+10", "2 20+10", "3 30+30", "2 60+20", "0 80+20"])
        #expect(path.exclusive == [30, 10, 30, 30])
    }

    @Test("a child that outlives its parent is cut at its end")
    func outliving() {
        let path = CriticalPath(tree(span(1, start: 1000, end: 1100), span(2, parent: 1, start: 1090, end: 1200)))
        // The trace is as long as its last span; what comes after the root belongs to nobody on the path.
        #expect(pieces(path) == ["0 0+90", "1 90+10"])
    }

    @Test("two roots are walked like children of the trace, and the gap belongs to nobody")
    func roots() {
        let path = CriticalPath(tree(span(1, start: 1000, end: 1030), span(2, start: 1050, end: 1100)))
        #expect(pieces(path) == ["0 0+30", "1 50+50"])
    }

    @Test("an empty trace, and one without length")
    func degenerate() {
        #expect(CriticalPath(tree()).pieces.isEmpty)
        #expect(CriticalPath(tree(span(1, start: 5, end: 5))).pieces.isEmpty)
    }

    @Test("pieces never overlap, lie within the trace, and add up to at most its duration", arguments: 0..<40)
    func properties(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let spans = (1...60).map { id -> Span in
            let start = UInt64.random(in: 1_000_000...1_001_000, using: &random)
            let parent = id == 1 || UInt64.random(in: 0..<10, using: &random) == 0 ? nil : UInt64.random(in: 1..<UInt64(id), using: &random)
            return span(UInt64(id), parent: parent, start: start, end: start + UInt64.random(in: 0...500, using: &random))
        }
        let tree = tree(spans)
        let path = CriticalPath(tree)
        var end: UInt64 = 0
        for piece in path.pieces {
            #expect(piece.start >= end)
            #expect(piece.duration > 0)
            end = piece.start + piece.duration
        }
        #expect(end <= tree.spans.duration)
        #expect(path.exclusive.reduce(0, +) == path.pieces.reduce(0) { $0 + $1.duration })
        for (row, own) in path.exclusive.enumerated() { #expect(own <= tree.span(row).duration) }
    }

    @Test("a flat trace and a deep one of 100,000 spans")
    func large() {
        var flat = [span(1, start: 1, end: 200_001)]
        for number in 0..<100_000 as Range<UInt64> { flat.append(span(number + 2, parent: 1, start: number * 2 + 1, end: number * 2 + 2)) }
        #expect(CriticalPath(tree(flat)).exclusive[0] == 100_000)
        var deep: [Span] = []
        for number in 0..<100_000 as Range<UInt64> {
            deep.append(span(number + 1, parent: number == 0 ? nil : number, start: number + 1, end: 300_001 - number))
        }
        #expect(CriticalPath(tree(deep)).exclusive.allSatisfy { $0 > 0 })
    }
}
