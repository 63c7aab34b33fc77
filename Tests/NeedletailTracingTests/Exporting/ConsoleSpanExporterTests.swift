#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import JSONCoding
import Testing
import TraceModel
import TraceWire

@testable import NeedletailTracing

@Suite(.timeLimit(.minutes(20)))
struct ConsoleSpanExporterTests {
    private static let resource = Resource(attributes: [Attribute("service.name", "shop")])

    private static func span(_ change: (inout TraceModel.Span) -> Void = { _ in }) -> TraceModel.Span {
        var span = TraceModel.Span(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), parentSpanID: SpanID(4), name: "GET /orders", kind: .server,
            startTime: 1_772_357_400_123_456_789, endTime: 1_772_357_400_123_456_789 + 12_345_678
        )
        change(&span)
        return span
    }

    private func print(
        _ spans: [TraceModel.Span], _ format: ConsoleExporterConfiguration.Format = .pretty, color: Bool = false
    ) async throws -> String {
        let pipe = TestPipe()
        let exporter = ConsoleSpanExporter(format: format, stream: ConsoleStream(descriptor: pipe.writeEnd, name: "a pipe"), usesColor: color)
        #expect(try await exporter.export(SpanBatch(resource: Self.resource, scope: testScope, spans: spans)) == .success)
        pipe.closeWriteEnd()
        return String(decoding: pipe.readAll(), as: UTF8.self)
    }

    @Test("A span in one line, with everything else below")
    func pretty() async throws {
        let span = Self.span {
            $0.status = .error("no such order")
            $0.attributes = [Attribute("http.response.status_code", 404), Attribute("tags", .array(["a", 1]))]
            $0.droppedAttributesCount = 2
            $0.events = [
                SpanEvent(
                    time: $0.startTime + 1_200_000, name: "exception",
                    attributes: [Attribute("exception.type", "NotFound"), Attribute("exception.stacktrace", "at a\n  at b")]
                ),
                SpanEvent(time: $0.startTime - 5_000, name: "early"),
            ]
            $0.links = [SpanLink(traceID: TraceID(high: 5, low: 6), spanID: SpanID(7), attributes: [Attribute("k", "v")])]
        }
        #expect(
            try await print([span]) == """
                2026-03-01 09:30:00.123Z shop SERVER GET /orders 12.3 ms ✗ no such order trace=00000000000000010000000000000002 span=0000000000000003 parent=0000000000000004
                    scope: tests 1
                    http.response.status_code: 404
                    tags: ["a",1]
                    (2 attributes dropped by the span's limits)
                    +1.20 ms exception
                        exception.type: NotFound
                        exception.stacktrace:
                            at a
                              at b
                    -5.00 µs early
                    link trace=00000000000000050000000000000006 span=0000000000000007
                        k: v

                """
        )
    }

    @Test("Colour only where it is wanted, and an error is red")
    func color() async throws {
        let failed = Self.span { $0.status = .error("bad") }
        let plain = try await print([failed])
        #expect(!plain.contains("\u{1b}"))
        let colored = try await print([failed], color: true)
        #expect(colored.contains("\u{1b}[31m✗\u{1b}[0m\u{1b}[31m bad\u{1b}[0m"))
        // A pipe is no terminal.
        let pipe = TestPipe()
        #expect(!ConsoleStream(descriptor: pipe.writeEnd, name: "a pipe").wantsColor)
    }

    @Test("NO_COLOR and a dumb terminal are plain")
    func noColor() {
        #expect(ConsoleStream.wantsColor(isTerminal: true, noColor: nil, terminal: "xterm"))
        #expect(ConsoleStream.wantsColor(isTerminal: true, noColor: "", terminal: "xterm"))
        #expect(!ConsoleStream.wantsColor(isTerminal: true, noColor: "1", terminal: "xterm"))
        #expect(!ConsoleStream.wantsColor(isTerminal: true, noColor: nil, terminal: "dumb"))
        #expect(!ConsoleStream.wantsColor(isTerminal: true, noColor: nil, terminal: nil))
        #expect(!ConsoleStream.wantsColor(isTerminal: false, noColor: nil, terminal: "xterm"))
    }

    @Test("Text from the network cannot drive the terminal", arguments: ["\u{1b}[2J", "\u{9b}31m", "\u{7}", "a\r\nb", "\u{202e}evil", "\u{2028}x", "\u{7f}\u{0}"])
    func hostileText(text: String) async throws {
        let span = Self.span {
            $0.name = text
            $0.status = .error(text)
            $0.traceState = text
            $0.attributes = [Attribute(text, .string(text)), Attribute("list", .array([.string(text)]))]
            $0.events = [SpanEvent(time: $0.startTime, name: text, attributes: [Attribute(text, .string(text))])]
        }
        let printed = try await print([span])
        for scalar in printed.unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 0x20 && !(0x7f..<0xa0).contains(scalar.value), "U+\(String(scalar.value, radix: 16))")
            #expect(![0x202e, 0x2028].contains(scalar.value))
        }
        // The first line is still the only one that looks like a span's.
        #expect(printed.split(separator: "\n").filter { !$0.hasPrefix("    ") }.count == 1)
    }

    @Test("Enormous spans are cut to a size that one can read")
    func bounds() async throws {
        let long = String(repeating: "x", count: 100_000)
        let span = Self.span {
            $0.name = long
            $0.attributes = [Attribute("k", .string(long)), Attribute("trace", .string(String(repeating: "frame\n", count: 200)))]
            for index in 0..<500 { $0.attributes.append(Attribute("k\(index)", .int(Int64(index)))) }
            for _ in 0..<500 { $0.events.append(SpanEvent(time: $0.startTime, name: "event")) }
        }
        let printed = try await print([span])
        #expect(printed.utf8.count < 20_000)
        #expect(printed.contains("(374 more attributes)") && printed.contains("(372 more events)") && printed.contains("more lines)"))
        #expect(printed.contains("x…"))
    }

    @Test("A JSON line is a whole OTLP span with its resource and scope")
    func jsonLines() async throws {
        let text = try await print([Self.span(), Self.span { $0.name = "two\nlines" }], .jsonLines)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 3 && lines[2].isEmpty)
        let first = try JSONValue.parse(String(lines[0]))
        #expect(
            first == [
                "resource": ["attributes": [["key": "service.name", "value": ["stringValue": "shop"]]]], "scope": ["name": "tests", "version": "1"],
                "traceId": "00000000000000010000000000000002", "spanId": "0000000000000003", "parentSpanId": "0000000000000004", "name": "GET /orders",
                "kind": 2, "startTimeUnixNano": "1772357400123456789", "endTimeUnixNano": "1772357400135802467", "status": [:],
            ]
        )
        #expect(try JSONValue.parse(String(lines[1]))["name"] == "two\nlines")
    }

    @Test("Many tasks at once leave whole lines")
    func concurrency() async throws {
        let pipe = TestPipe()
        let stream = ConsoleStream(descriptor: pipe.writeEnd, name: "a pipe")
        let reader = Task.detached { pipe.readAll() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask {
                    // Longer than what a pipe takes at once.
                    let spans = (0..<5).map { number in
                        Self.span {
                            $0.name = "\(index) \(number)"
                            $0.attributes = [Attribute("long", .string(String(repeating: "x", count: 20_000)))]
                        }
                    }
                    let exporter = ConsoleSpanExporter(format: .jsonLines, stream: stream, usesColor: false)
                    _ = try await exporter.export(SpanBatch(resource: Self.resource, scope: testScope, spans: spans))
                }
            }
            try await group.waitForAll()
        }
        pipe.closeWriteEnd()
        let lines = String(decoding: await reader.value, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 200)
        let names = try lines.map { try JSONValue.parse(String($0))["name"]?.stringValue }
        #expect(Set(names).count == 200)
    }

    @Test("A closed stream loses the spans with an error, and the process lives")
    func closedStream() async throws {
        let pipe = TestPipe()
        pipe.closeReadEnd()
        let exporter = ConsoleSpanExporter(format: .pretty, stream: ConsoleStream(descriptor: pipe.writeEnd, name: "a pipe"), usesColor: false)
        let batch = SpanBatch(resource: Self.resource, scope: testScope, spans: [Self.span()])
        for _ in 0..<2 {
            let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
            #expect(error?.message == "spans cannot be printed to a pipe: Broken pipe")
        }
    }

    @Test("A stream that nobody reads does not hold up a task that is cancelled")
    func stuckStream() async throws {
        let pipe = TestPipe()
        let exporter = ConsoleSpanExporter(format: .jsonLines, stream: ConsoleStream(descriptor: pipe.writeEnd, name: "a pipe"), usesColor: false)
        let large = Self.span { $0.attributes = [Attribute("k", .string(String(repeating: "x", count: 1_000_000)))] }
        let batch = SpanBatch(resource: Self.resource, scope: testScope, spans: [large])
        let tasks = (0..<3).map { _ in Task { try await exporter.export(batch) } }
        // The pipe is full when its first bytes are there.
        #expect(
            await eventually {
                var ready = pollfd(fd: pipe.readEnd, events: Int16(POLLIN), revents: 0)
                return poll(&ready, 1, 0) == 1
            }
        )
        for task in tasks {
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
        pipe.closeReadEnd()
        // Its turn comes when the write that was under way has ended. The pipe is closed with the test, and its number is soon
        // another's: the rest of those spans would land in a connection of some other test.
        await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
    }

    @Test("Durations have three digits and a unit", arguments: [
        (0, "0 ns"), (999, "999 ns"), (1000, "1.00 µs"), (12_345, "12.3 µs"), (999_999, "999 µs"), (1_050_000, "1.05 ms"), (3_500_000_000, "3.50 s"),
        (125_000_000_000, "125 s"), (UInt64.max, "18446744073 s"),
    ] as [(UInt64, String)])
    func durations(nanoseconds: UInt64, text: String) {
        #expect(DurationText.text(nanoseconds) == text)
    }

    @Test("Times in UTC", arguments: [
        (0, "1970-01-01 00:00:00.000Z"), (1_709_210_096_789_000_000, "2024-02-29 12:34:56.789Z"), (951_782_399_999_999_999, "2000-02-28 23:59:59.999Z"),
        (4_107_542_400_000_000_000, "2100-03-01 00:00:00.000Z"), (UInt64.max, "2554-07-21 23:34:33.709Z"),
    ] as [(UInt64, String)])
    func times(nanoseconds: UInt64, text: String) {
        #expect(UTCTimeText.text(nanoseconds) == text)
    }
}
