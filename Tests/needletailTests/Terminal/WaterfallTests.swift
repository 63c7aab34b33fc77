import Testing
import TraceModel
import TraceQuery

@testable import needletail

@Suite("Waterfall")
struct WaterfallTests {
    private static let start: UInt64 = 1_700_000_000_000_000_000
    private static let millisecond: UInt64 = 1_000_000

    private static func span(
        _ id: UInt64, parent: UInt64? = nil, _ name: String, at: UInt64, for duration: UInt64, attributes: [Attribute] = [],
        events: [(UInt64, String)] = [], error: String? = nil
    ) -> Span {
        Span(
            traceID: traceID, spanID: SpanID(id), parentSpanID: parent.map { SpanID($0) }, name: name, startTime: start + at * millisecond,
            endTime: start + (at + duration) * millisecond, attributes: attributes,
            events: events.map { SpanEvent(time: start + (at + $0.0) * millisecond, name: $0.1) },
            status: error.map { .error($0) } ?? SpanStatus()
        )
    }

    private static let traceID = TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736)

    private static func tree(_ groups: [(String, [Span])]) -> TraceTree {
        let resources = groups.map { service, spans in
            ResourceSpans(
                resource: Resource(attributes: [Attribute("service.name", .string(service))]),
                scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "test"), spans: spans)])
        }
        return TraceTree(traceID: traceID, batch: SpanBatch(resourceSpans: resources))
    }

    /// A request through a gateway to an inference server and a database, with a failure and names that would like to do harm.
    private static let request = tree([
        ("gateway", [span(1, "POST /infer", at: 0, for: 100)]),
        (
            "triton-a",
            [
                span(
                    2, parent: 1, "InferRequest", at: 5, for: 90,
                    events: [(0, "HTTP_RECV_START"), (4, "HTTP_RECV_END"), (80, "HTTP_SEND_START"), (89, "HTTP_SEND_END")]),
                span(
                    3, parent: 2, "resnet", at: 10, for: 70, attributes: [Attribute("triton.model_name", "resnet")],
                    events: [(0, "REQUEST_START"), (1, "QUEUE_START"), (70, "REQUEST_END")]),
                span(
                    4, parent: 3, "compute", at: 40, for: 38,
                    events: [(0, "COMPUTE_START"), (5, "COMPUTE_INPUT_END"), (30, "COMPUTE_OUTPUT_START"), (38, "COMPUTE_END")],
                    error: "CUDA out of \u{1b}[31mmemory\nreally"),
            ]
        ),
        ("数据库", [span(5, parent: 1, "SELECT 日本語 🚀 a very long name that goes on and on and on for ever and ever", at: 96, for: 3)]),
    ])

    private func lines(_ tree: TraceTree, width: Int, isColoured: Bool = false, _ settings: Waterfall.Settings = .init()) -> [String] {
        var lines: [String] = []
        Waterfall(tree, style: TerminalStyle(width: width, isColoured: isColoured), settings: settings).write { lines.append($0) }
        return lines
    }

    @Test("as it looks in terminals of 60, 100 and 160 columns", arguments: [(60, golden60), (100, golden100), (160, golden160)])
    func golden(width: Int, expected: String) {
        // The time of day is the terminal's.
        let expected = expected.replacing("2023-11-14 22:13:20.000", with: TimeText.full(Self.start))
        // Blanks at the end of a line are not seen.
        let shown = lines(Self.request, width: width).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        #expect(shown.joined(separator: "\n") == expected)
    }

    @Test("no line is wider than the terminal, with colours or without", arguments: [40, 60, 77, 100, 160, 500])
    func width(width: Int) {
        let settings = Waterfall.Settings(showsAttributes: true, showsEvents: true)
        let plain = lines(Self.request, width: width, settings)
        for line in plain { #expect(DisplayText.width(line) <= width, "\(line)") }
        let coloured = lines(Self.request, width: width, isColoured: true, settings).map { $0.replacing(/\u{1b}\[[0-9;]*m/, with: "") }
        #expect(coloured == plain)
    }

    @Test("what is on the critical path has a mark, and nothing where there is no choice")
    func criticalPath() {
        let tree = Self.tree([("a", [
            Self.span(1, "root", at: 0, for: 100), Self.span(2, parent: 1, "beside", at: 10, for: 20), Self.span(3, parent: 1, "long", at: 10, for: 80),
            Self.span(4, parent: 3, "whole", at: 10, for: 80),
        ])])
        let shown = lines(tree, width: 100)
        // `long` has no moment of its own.
        for (name, isMarked) in [("root", true), ("beside", false), ("long", false), ("whole", true)] {
            #expect(shown.first { $0.contains(" \(name) ") }?.contains("*") == isMarked, "\(name)")
        }
        #expect(shown.contains { $0.hasPrefix("* on the critical path") })
        #expect(!lines(Self.tree([("a", [Self.span(1, "alone", at: 0, for: 1)])]), width: 100).contains { $0.contains("*") })
    }

    @Test("every stage has a look of its own")
    func looks() {
        let looks = Set(Stage.allCases.map { "\(StageLook($0).pattern)\(StageLook($0).ink.code)" })
        #expect(looks.count == Stage.allCases.count)
    }

    @Test("folded spans are counted, attributes and events are shown when asked")
    func folding() {
        let folded = lines(Self.request, width: 100, .init(depth: 1))
        #expect(folded.contains { $0.contains("InferRequest +2") } && !folded.contains { $0.contains("compute") })
        let top = lines(Self.request, width: 100, .init(depth: 0))
        #expect(top.contains { $0.contains("POST /infer +4") })
        let detailed = lines(Self.request, width: 100, .init(showsAttributes: true, showsEvents: true))
        #expect(detailed.contains { $0.contains("triton.model_name = resnet") } && detailed.contains { $0.contains("• 9.00 ms HTTP_RECV_END") })
    }

    @Test("a hundred thousand spans: as many rows as asked for, and how many more there are")
    func manySpans() {
        let spans = (1...100_000 as ClosedRange<UInt64>).map { Self.span($0, parent: $0 == 1 ? nil : 1, "step", at: $0 / 100, for: 1) }
        let tree = Self.tree([("service", spans)])
        let shown = lines(tree, width: 100)
        #expect(shown.last?.hasPrefix("… 99\u{202f}000 more spans") == true)
        #expect(shown.count < 1010)
        #expect(lines(tree, width: 100, .init(rowLimit: 0)).count > 100_000)
    }

    @Test("a chain of fifty thousand spans keeps its names, and says how deep it is")
    func deepTree() {
        let spans = (1...50_000 as ClosedRange<UInt64>).map { Self.span($0, parent: $0 == 1 ? nil : $0 - 1, "step \($0)", at: $0, for: 1) }
        let shown = lines(Self.tree([("service", spans)]), width: 100, .init(rowLimit: 0))
        #expect(shown.contains { $0.hasPrefix("└…49999 step 50000") })
        for line in shown.suffix(100) { #expect(DisplayText.width(line) <= 100) }
    }

    @Test("broken clocks, spans without length, orphans and cycles are shown, and said")
    func strangeTraces() {
        var early = Self.span(1, "from 1970", at: 0, for: 5)
        early.startTime = 0
        var backwards = Self.span(2, parent: 1, "backwards", at: 50, for: 0)
        backwards.endTime = backwards.startTime - 10
        var far = Self.span(7, "far future", at: 0, for: 0)
        far.endTime = .max
        let orphan = Self.span(3, parent: 99, "orphan", at: 3, for: 4)
        let cycle = [Self.span(4, parent: 5, "hen", at: 1, for: 1), Self.span(5, parent: 4, "egg", at: 1, for: 1)]
        for spans in [[early, backwards, orphan] + cycle, [far, early], [Self.span(1, "alone", at: 0, for: 0)], []] {
            let shown = lines(Self.tree([("service", spans)]), width: 80)
            for span in spans { #expect(shown.contains { $0.contains(span.name) }) }
            for line in shown { #expect(DisplayText.width(line) <= 80, "\(line)") }
        }
        #expect(lines(Self.tree([("service", [early, orphan])]), width: 80).contains { $0.hasPrefix("! ") })
    }

    @Test("two traces side by side")
    func difference() {
        let other = Self.tree([
            ("gateway", [Self.span(1, "POST /infer", at: 0, for: 150), Self.span(2, parent: 1, "retry \u{1b}[2J", at: 10, for: 20)]),
            ("triton-a", [Self.span(3, parent: 1, "InferRequest", at: 30, for: 100)]),
        ])
        let difference = DifferenceText(Self.request, other)
        var shown: [String] = []
        difference.write(TerminalStyle(width: 90, isColoured: false), rowLimit: 0) { shown.append($0) }
        #expect(!difference.isSameStructure)
        #expect(shown[2] == "2 steps in both, 3 only in a, 1 only in b")
        #expect(shown.contains { $0.hasPrefix("  gateway POST /infer") && $0.contains("+50.0 ms") && $0.contains("│█") })
        #expect(shown.contains { $0.hasPrefix("- ") && $0.contains("resnet") })
        #expect(shown.contains { $0.hasPrefix("+ ") && $0.contains(#"retry \u{1b}[2J"#) })
        for line in shown { #expect(DisplayText.width(line) <= 90, "\(line)") }
        #expect(DifferenceText(other, other).isSameStructure)
    }

    private static let golden60 = #"""
        gateway  POST /infer
        trace 4bf92f3577b34da6a3ce929d0e0e4736
        2023-11-14 22:13:20.000 · 100 ms · 5 spans · 3 services
        ✗ 1 error

        ▒▒░░░░░░░░░░░░░░░░░░▓▓▓███████████████▓▓▓▓▓▒▒▒▒▒············
        ▒ receive 4.00 ms 4 %  ░ queue 29.0 ms 29 %
        ▓ input 5.00 ms 5 %  █ infer 25.0 ms 25 %
        ▓ output 8.00 ms 8 %  ▒ send 9.00 ms 9 %
        · unaccounted 20.0 ms 20 %

        * on the critical path              0                 100 ms
        gateway POST /infer      *   100 ms ━━━━━━━━━━━━━━━━━━━━━━━━
        ├ triton-a InferRequest  *  90.0 ms  ▒▒━━━━━━━━━━━━━━━━━▒▒▒
        │ └ resnet               *  70.0 ms   ░░░░░░░░━━━━━━━━━━
        │   └ ✗ compute          *  38.0 ms          ▓▓██████▓▓
        │       ✗ CUDA out of \u{1b}[31mmemory\nreally
        └ 数据库 SELECT 日本語 … *  3.00 ms                        ━
        """#

    private static let golden100 = #"""
        gateway  POST /infer
        trace 4bf92f3577b34da6a3ce929d0e0e4736 · 2023-11-14 22:13:20.000 · 100 ms · 5 spans · 3 services
        ✗ 1 error

        ▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▓▓▓▓▓█████████████████████████▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒▒····················
        ▒ receive 4.00 ms 4 %  ░ queue 29.0 ms 29 %  ▓ input 5.00 ms 5 %  █ infer 25.0 ms 25 %
        ▓ output 8.00 ms 8 %  ▒ send 9.00 ms 9 %  · unaccounted 20.0 ms 20 %

        * on the critical path                               0                                        100 ms
        gateway POST /infer                       *   100 ms ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        ├ triton-a InferRequest                   *  90.0 ms   ▒▒▒━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━▒▒▒▒▒▒
        │ └ resnet                                *  70.0 ms     ━░░░░░░░░░░░░░░━━━━━━━━━━━━━━━━━━━
        │   └ ✗ compute                           *  38.0 ms                   ▓▓▓████████████▓▓▓▓
        │       ✗ CUDA out of \u{1b}[31mmemory\nreally
        └ 数据库 SELECT 日本語 🚀 a very long nam…*  3.00 ms                                              ━━
        """#

    private static let golden160 = #"""
        gateway  POST /infer
        trace 4bf92f3577b34da6a3ce929d0e0e4736 · 2023-11-14 22:13:20.000 · 100 ms · 5 spans · 3 services · ✗ 1 error

        ▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▓▓▓▓▓▓▓▓████████████████████████████████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒▒▒▒▒▒▒································
        ▒ receive 4.00 ms 4 %  ░ queue 29.0 ms 29 %  ▓ input 5.00 ms 5 %  █ infer 25.0 ms 25 %  ▓ output 8.00 ms 8 %  ▒ send 9.00 ms 9 %  · unaccounted 20.0 ms 20 %

        * on the critical path                                                        0                                                                           100 ms
        gateway POST /infer                                                *   100 ms ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        ├ triton-a InferRequest                                            *  90.0 ms     ▒▒▒▒━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━▒▒▒▒▒▒▒▒▒
        │ └ resnet                                                         *  70.0 ms         ━░░░░░░░░░░░░░░░░░░░░░░░░━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        │   └ ✗ compute                                                    *  38.0 ms                                 ▓▓▓▓▓████████████████████▓▓▓▓▓▓▓
        │       ✗ CUDA out of \u{1b}[31mmemory\nreally
        └ 数据库 SELECT 日本語 🚀 a very long name that goes on and on and…*  3.00 ms                                                                               ━━━━
        """#
}
