import Testing
import TraceModel

@testable import TraceQuery

/// The fast evaluation against one that follows the definitions, and the parser against damaged queries.
@Suite struct TraceQLPropertyTests {
    /// A trace in which parents are missing, cyclic and of one id, now and then.
    private static func randomTrace(_ random: inout SplitMix64, count: Int) -> SpanBatch {
        var groups: [String: [Span]] = [:]
        for index in 0..<count {
            let id = UInt64(index + 1)
            var parent: UInt64?
            switch Int.random(in: 0..<12, using: &random) {
            case 0: parent = nil
            case 1: parent = UInt64.random(in: 1...UInt64(count), using: &random)
            case 2: parent = 100_000
            default: parent = index == 0 ? nil : UInt64.random(in: 1...UInt64(index), using: &random)
            }
            let attributes = [Attribute("v", .int(Int64.random(in: 0..<4, using: &random)))]
            let item = span(id, parent: parent, start: id, end: id + 1, attributes: attributes)
            groups["s\(Int.random(in: 0..<3, using: &random))", default: []].append(item)
        }
        return SpanBatch(resourceSpans: groups.sorted { $0.key < $1.key }.flatMap { batch(($0.key, $0.value)).resourceSpans })
    }

    /// Ancestors by walking up; `nil` when the walk does not end at a root.
    private static func ancestors(_ entry: Int, _ spans: [Span]) -> [Int]? {
        var chain: [Int] = []
        var current = entry
        while let parentID = spans[current].parentSpanID {
            guard let parent = spans.firstIndex(where: { $0.spanID == parentID }), chain.count <= spans.count else { return nil }
            chain.append(parent)
            current = parent
        }
        return chain
    }

    private static func holds(_ op: TraceQLSpansetOperator, _ left: Int, _ right: Int, _ chains: [[Int]?]) -> Bool {
        guard let leftChain = chains[left], let rightChain = chains[right] else { return false }
        switch op {
        case .child: return rightChain.first == left
        case .parent: return leftChain.first == right
        case .descendant: return rightChain.contains(left)
        case .ancestor: return leftChain.contains(right)
        default: return left != right && leftChain.first != nil && leftChain.first == rightChain.first
        }
    }

    @Test func structuralOperatorsMeanWhatTheySay() throws {
        var random = SplitMix64(state: 7)
        for _ in 0..<150 {
            let batch = Self.randomTrace(&random, count: Int.random(in: 1...40, using: &random))
            let view = TraceView(batch, slots: 0)
            let spans = (0..<view.count).map { view.span($0) }
            let chains = spans.indices.map { Self.ancestors($0, spans) }
            func entries(_ value: Int64) -> [Int32] {
                spans.indices.filter { spans[$0].attributes["v"] == .int(value) }.map { Int32($0) }
            }
            let (left, right) = (entries(0) + entries(1), entries(1) + entries(2))
            for op in TraceQLSpansetOperator.allCases where op != .and && op != .or {
                let fast = TraceRelation.join(left.sorted(), op, right.sorted(), view)
                var expected = Set(right.filter { b in left.contains { a in Self.holds(op.basic, Int(a), Int(b), chains) } != op.isNegated })
                if op.isUnion { expected.formUnion(left.filter { a in right.contains { b in Self.holds(op.basic, Int(a), Int(b), chains) } }) }
                #expect(fast == expected.sorted(), "\(op)")
            }
        }
    }

    @Test func nestedSetsContainTheirDescendants() {
        var random = SplitMix64(state: 11)
        for _ in 0..<50 {
            let view = TraceView(Self.randomTrace(&random, count: 30), slots: 0)
            let spans = (0..<view.count).map { view.span($0) }
            let chains = spans.indices.map { Self.ancestors($0, spans) }
            let sets = view.nestedSets
            for a in spans.indices where chains[a] != nil {
                for b in spans.indices where b != a && chains[b] != nil {
                    let isInside = sets.left[a] < sets.left[b] && sets.right[b] < sets.right[a]
                    #expect(isInside == chains[b]?.contains(a))
                }
            }
        }
    }

    @Test func longChainsAndWideTreesAreLinear() throws {
        let count = 200_000
        let chain = (0..<count).map { span(UInt64($0 + 1), parent: $0 == 0 ? nil : UInt64($0), start: 1, end: 2) }
        let view = TraceView(batch(("s", chain)), slots: 0)
        #expect(TraceRelation.join([0], .descendant, Array(1..<Int32(count)), view).count == count - 1)
        #expect(view.nestedSets.right[0] == 2 * count)
        let wide = (0..<count).map { span(UInt64($0 + 1), parent: $0 == 0 ? nil : 1, start: 1, end: 2) }
        #expect(TraceRelation.join(Array(1..<Int32(count)), .sibling, Array(1..<Int32(count)), TraceView(batch(("s", wide)), slots: 0)).count == count - 1)
    }

    /// Cuts, doubles and swaps pieces of good queries: each result is a query or a clear error, and never a crash.
    @Test func damagedQueriesAreRefusedNicely() {
        let corpus = TraceQLSyntaxTests.filters + TraceQLSyntaxTests.pipelines + TraceQLSyntaxTests.metrics
        let pieces = Array("{}()|&<>!~=.,\"`+-*/%^ \n019azé".unicodeScalars)
        var random = SplitMix64(state: 3)
        for _ in 0..<6000 {
            var scalars = Array(corpus[Int.random(in: 0..<corpus.count, using: &random)].unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...scalars.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: scalars.insert(pieces[Int.random(in: 0..<pieces.count, using: &random)], at: place)
                case 1: if place < scalars.count { scalars.remove(at: place) }
                case 2: scalars.removeLast(scalars.count - place)
                default: scalars.insert(contentsOf: corpus[Int.random(in: 0..<corpus.count, using: &random)].unicodeScalars.prefix(20), at: place)
                }
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            let query = String(text)
            do {
                let parsed = try TraceQLQuery(query)
                #expect((try? TraceQLQuery(parsed.canonicalText))?.canonicalText == parsed.canonicalText, "\(query)")
            } catch {
                #expect(error.line >= 1 && error.column >= 1 && !error.message.isEmpty)
            }
            _ = TraceQLSpanFilter(lenient: query)
            _ = TraceQLCompletion(query, cursor: Int.random(in: 0...scalars.count, using: &random))
        }
    }
}
