import Testing
import TraceModel

@testable import TraceCollector

@Suite("OTTL conditions")
struct ConditionTests {
    private let context = ConditionContext(
        span: Span(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), parentSpanID: SpanID(9), traceState: "ot=th:8,vendor=x", name: "GET /items", kind: .server,
            startTime: 1_000_000_000, endTime: 1_250_000_000,
            attributes: [
                Attribute("http.route", "/items"), Attribute("http.status", 503), Attribute("ratio", 0.5), Attribute("ok", true),
                Attribute("tags", .array(["a", "b"])), Attribute("user", .keyValueList([Attribute("id", 7)])),
            ],
            status: .error("boom")
        ),
        resource: Resource(attributes: [Attribute("service.name", "shop")]),
        scope: InstrumentationScope(name: "lib", version: "1.2")
    )

    @Test(
        "Conditions hold, or do not",
        arguments: [
            (#"name == "GET /items""#, true), (#"span.name != "GET /items""#, false), (#"kind == SPAN_KIND_SERVER"#, true),
            (#"status.code == STATUS_CODE_ERROR and status.message == "boom""#, true), (#"attributes["http.route"] == "/items""#, true),
            (#"attributes["http.status"] >= 500"#, true), (#"attributes["http.status"] > 503"#, false), (#"attributes["ratio"] < 1"#, true),
            (#"attributes["missing"] == nil"#, true), (#"attributes["http.status"] == nil"#, false), (#"attributes["missing"] > 1"#, false),
            (#"attributes["ok"] == true"#, true), (#"not attributes["ok"] == true"#, false), (#"attributes["tags"][1] == "b""#, true),
            (#"attributes["user"]["id"] == 7"#, true), (#"resource.attributes["service.name"] == "shop" or name == "x""#, true),
            (#"instrumentation_scope.name == "lib" and scope.version == "1.2""#, true), (#"trace_state["vendor"] == "x""#, true),
            (#"end_time_unix_nano - start_time_unix_nano > 200000000"#, true), (#"end_time - start_time > Duration("1s")"#, false),
            (#"(end_time - start_time) / 1000000 == 250"#, true), (#"IsMatch(name, "^GET /.*")"#, true), (#"IsMatch(name, "^POST")"#, false),
            (#"IsString(attributes["http.route"])"#, true), (#"IsInt(attributes["http.route"])"#, false), (#"Len(name) == 10"#, true),
            (#"Concat([name, "x"], "-") == "GET /items-x""#, true), (#"IsRootSpan()"#, false), (#"ConvertCase(name, "lower") == "get /items""#, true),
            (#"Substring(name, 0, 3) == "GET""#, true), (#"Split("a,b", ",")[1] == "b""#, true),
            (#"trace_id.string == "00000000000000010000000000000002""#, true), (#"span_id == SpanID(0x0000000000000003)"#, true),
            (#"(name == "x" or kind.string == "Server") and not (name == "y")"#, true), (#"1 + 2 * 3 == 7"#, true), (#"(1 + 2) * 3 == 9"#, true),
            (#"ParseJSON("{\"a\": [1, 2]}")["a"][1] == 2"#, true), (#"SHA256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#, true),
            (#"true and not false"#, true), (#"-1 < 0"#, true), (#"ContainsValue(attributes["tags"], "a")"#, true),
        ] as [(String, Bool)]
    )
    func evaluation(_ text: String, _ expected: Bool) throws {
        #expect(try ConditionParser.condition(text, level: .span).isTrue(in: context) == expected)
    }

    @Test(
        "Mistakes point at their column",
        arguments: [
            (#"name = "x""#, 6), (#"nam == "x""#, 1), (#"name == "x" and"#, 16), (#"name == "x"#, 9), (#"(name == "x""#, 13), (#"attributes["a"]"#, 1),
            (#"name == "a" or Foo(name)"#, 16), (#"IsMatch(name, "(")"#, 1), (#"IsMatch(name)"#, 1), (#"name == "a" b"#, 13), (#"name["x"] == "a""#, 5),
            (#"spanevent.name == "x""#, 1), (#"set(name, "x") == 1"#, 1), (#"name == 99999999999999999999999"#, 9), ("", 1), (#"name == 0xabc"#, 9),
            (#"kind == SPAN_KIND_SEVER"#, 9), ("name == \u{1}", 9),
        ] as [(String, Int)]
    )
    func mistakes(_ text: String, _ column: Int) {
        let error = #expect(throws: ConditionError.self) { try ConditionParser.condition(text, level: .span) }
        #expect(error?.column == column, "\(error.map(\.description) ?? "no error")")
    }

    @Test("Deep and long conditions are refused, not followed")
    func bounds() {
        for text in [
            String(repeating: "(", count: 100_000), String(repeating: "not ", count: 4000) + "true", String(repeating: "[", count: 5000),
            "name == " + String(repeating: "Concat([", count: 1000), "1" + String(repeating: "+1", count: 5000) + " == 1", String(repeating: "-", count: 9000) + "1 == 1",
        ] {
            #expect(throws: ConditionError.self) { try ConditionParser.condition(text, level: .span) }
        }
    }

    @Test("Any text is read or refused, and any condition judged")
    func fuzz() {
        let words = [
            "name", "attributes", "[", "]", "\"k\"", "(", ")", "==", "!=", "<", ">=", "and", "or", "not", "nil", "true", "IsMatch", "Len", "Concat", ",", "1", "2.5", "0x00ff",
            "-", "+", "*", "/", "span", ".", "status", "code", "resource", "SPAN_KIND_SERVER", "where", "set", "\"\\d+\"", "{", "}", ":", "Split", "Substring", "Duration", "é", "\u{0}",
            "9223372036854775807", "trace_id", "ParseJSON", "Int",
        ]
        var generator = SystemRandomNumberGenerator()
        var judged = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...14, using: &generator)
            let text = (0..<count).map { _ in words.randomElement(using: &generator) ?? "" }.joined(separator: Bool.random() ? " " : "")
            if let condition = try? ConditionParser.condition(text, level: .span) {
                _ = try? condition.isTrue(in: context)
                judged += 1
            }
            _ = try? ConditionParser.statement(text, level: .spanevent)
        }
        #expect(judged > 0)
    }

    @Test("Numbers that do not fit fail instead of trapping")
    func overflow() throws {
        let condition = try ConditionParser.condition("9223372036854775807 + 1 > 0", level: .span)
        #expect(throws: ConditionFailure.self) { try condition.isTrue(in: context) }
        let division = try ConditionParser.condition("1 / 0 == 1", level: .span)
        #expect(throws: ConditionFailure.self) { try division.isTrue(in: context) }
        let smallest = try ConditionParser.condition("(-9223372036854775807 - 1) / -1 == 1", level: .span)
        #expect(throws: ConditionFailure.self) { try smallest.isTrue(in: context) }
    }

    @Test("Statements change spans")
    func statements() throws {
        var context = context
        for text in [
            #"set(attributes["new"], name) where kind == SPAN_KIND_SERVER"#, #"set(name, "never") where kind == SPAN_KIND_CLIENT"#,
            #"delete_key(attributes, "ok")"#, #"replace_pattern(name, "/(\\w+)", "/<$1>")"#, #"set(status.code, STATUS_CODE_OK)"#,
            #"set(attributes["user"]["name"], "eve")"#, #"truncate_all(resource.attributes, 2)"#, #"delete_matching_keys(attributes, "^http")"#,
            #"merge_maps(attributes, {"a": 1, "ratio": 2}, "insert")"#,
        ] {
            try ConditionParser.statement(text, level: .span).apply(to: &context)
        }
        #expect(context.span.name == "GET /<items>")
        #expect(context.span.status.code == .ok)
        #expect(context.resource.attributes["service.name"] == "sh")
        #expect(context.span.attributes.map(\.key) == ["ratio", "tags", "user", "new", "a"])
        #expect(context.span.attributes["new"] == "GET /items")
        #expect(context.span.attributes["user"] == .keyValueList([Attribute("id", 7), Attribute("name", "eve")]))
        try ConditionParser.statement(#"limit(attributes, 2, ["a"])"#, level: .span).apply(to: &context)
        #expect(context.span.attributes.map(\.key) == ["ratio", "a"])
        try ConditionParser.statement(#"keep_keys(attributes, ["a"])"#, level: .span).apply(to: &context)
        #expect(context.span.attributes.map(\.key) == ["a"])
    }
}
