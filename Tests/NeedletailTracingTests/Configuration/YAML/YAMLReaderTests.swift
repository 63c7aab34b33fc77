import Testing

@testable import NeedletailTracing

@Suite("Configuration files in YAML")
struct YAMLReaderTests {
    private func reader(_ text: String, dialect: YAMLDialect = .core) throws -> YAMLReader {
        YAMLReader(try YAMLDocument(text: text, file: "f.yml"), mistakes: YAMLMistakes(file: "f.yml"), dialect: dialect)
    }

    @Test("Values come out as their types")
    func types() throws {
        let root = try #require(
            try reader("a: text\nb: 12\nc: 0.5\nd: true\ne: [x, 'y']\nf: {g: 1}\nh:\ni: 0x1F\nj: '7'\nk: 1.\nl: ~\nm: -3").mapping()
        )
        #expect(root["a"]?.string() == "text")
        #expect(root["b"]?.integer() == 12)
        #expect(root["b"]?.number() == 12)
        #expect(root["c"]?.number(in: 0...1) == 0.5)
        #expect(root["d"]?.boolean() == true)
        #expect(root["e"]?.list()?.map { $0.string() } == ["x", "y"])
        #expect(root["f"]?.mapping(["g"])?["g"]?.integer() == 1)
        #expect(root["h"]?.isNull == true)
        #expect(root["h"]?.string() == nil)
        #expect(root["i"]?.integer() == 31)
        #expect(root["j"]?.string() == "7")
        #expect(root["k"]?.number() == 1)
        #expect(root["l"]?.integer() == nil)
        #expect(root["m"]?.integer() == -3)
        #expect(root["z"] == nil)
        #expect(root["h"]?.mistakes.messages == [])
    }

    @Test("Every mistake is told with file, line, path, what is expected and what was meant")
    func mistakes() throws {
        let reader = try reader("tracing:\n  sampel_rate: 1\n  timeout: soon\n  zipkin: 9411\n  port: 70000\n  kind: Oltp\n  name: 5\n  secret: [1]\n")
        let root = try #require(reader.mapping(["tracing"])?["tracing"]?.mapping(["sample_rate", "timeout", "zipkin", "port", "kind", "name", "secret"]))
        #expect(root["timeout"]?.integer() == nil)
        #expect(root["zipkin"]?.mapping() == nil)
        #expect(root["port"]?.integer(in: 1...65535) == nil)
        #expect(root["kind"]?.choice(["otlp": 1, "zipkin": 2]) == nil)
        #expect(root["name"]?.string() == nil)
        #expect(root["secret"]?.secret.string() == nil)
        #expect(
            reader.mistakes.messages == [
                "f.yml:2: tracing.sampel_rate: unknown key; expected one of sample_rate, timeout, zipkin, port, kind, name, secret; did you mean \"sample_rate\"?",
                "f.yml:3: tracing.timeout: is the text \"soon\"; expected a whole number",
                "f.yml:4: tracing.zipkin: is the number \"9411\"; expected a mapping (indented \"key: value\" lines)",
                "f.yml:5: tracing.port: \"70000\" is out of range; expected a whole number from 1 to 65535",
                "f.yml:6: tracing.kind: \"Oltp\" is not known; expected one of otlp, zipkin; did you mean \"otlp\"?",
                "f.yml:7: tracing.name: is the number \"5\"; expected text (in quotes)",
                "f.yml:8: tracing.secret: is a list; expected text",
            ]
        )
        #expect(throws: TracingConfigurationError.self) { try reader.mistakes.throwIfAny() }
    }

    @Test("A secret is in no message")
    func secrets() throws {
        let reader = try reader("headers: {token: hunter2, n: 5}")
        let headers = try #require(reader.mapping()?["headers"]?.secret.mapping())
        #expect(headers["token"]?.integer() == nil)
        #expect(headers["n"]?.integer(in: 0...1) == nil)
        #expect(reader.mistakes.messages.count == 2)
        #expect(!reader.mistakes.messages.joined().contains("hunter2"))
    }

    @Test("Quotes, yes and no count where the dialect says so")
    func dialect() throws {
        let text = "a: '5'\nb: yes\nc: \"true\""
        let strict = try #require(try reader(text).mapping())
        #expect(strict["a"]?.integer() == nil)
        #expect(strict["b"]?.boolean() == nil)
        #expect(strict["b"]?.string() == "yes")
        let lenient = try #require(try reader(text, dialect: YAMLDialect(allowsYesNo: true, allowsQuotes: true)).mapping())
        #expect(lenient["a"]?.integer() == 5)
        #expect(lenient["b"]?.boolean() == true)
        #expect(lenient["c"]?.boolean() == true)
    }

    @Test("Substitution happens before the type is found")
    func substitution() throws {
        let dialect = YAMLDialect(substitute: { text, _ in text == "$N" ? "7" : text == "$EMPTY" ? "" : text })
        let root = try #require(try reader("a: $N\nb: '$N'\nc: $EMPTY", dialect: dialect).mapping())
        #expect(root["a"]?.integer() == 7)
        #expect(root["b"]?.string() == "7")
        #expect(root["c"]?.isNull == true)
    }

    @Test("Anchors and merge keys work; own keys win")
    func merge() throws {
        let root = try #require(try reader("base: &base {x: 1, y: 2}\nuse:\n  <<: *base\n  y: 3\nagain: *base").mapping())
        #expect(root["use"]?.mapping(["x", "y"])?["x"]?.integer() == 1)
        #expect(root["use"]?.mapping()?["y"]?.integer() == 3)
        #expect(root["again"]?.mapping()?["y"]?.integer() == 2)
    }

    @Test(
        "What is no usable YAML is refused with its line",
        arguments: [
            ("a: 1\nb: [1", "a flow sequence that begins in line 2"),
            ("a:\n  x: 1\n  y: 2\n  x: 3\n", "f.yml:2: duplicate key \"x\", again in line 4"),
            ("a: 1\n? [b]\n: 2\n", "f.yml:2: a mapping or a list as a key"),
            ("a: *nothing", "undefined alias"),
            ("a: 1\n---\nb: 2", "another document"),
            ("a: 1\n<<: 5", "\"<<\" merges mappings"),
        ]
    )
    func refusals(text: String, message: String) {
        let error = #expect(throws: TracingConfigurationError.self) { try YAMLDocument(text: text, file: "f.yml") }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("Files that would take all memory, time or stack are refused quickly")
    func bombs() throws {
        // Nine aliases on nine levels: as values, as a key, in a flow.
        let names = (0..<10).map { "n\($0)" }
        let block = "n0: &n0 [x, x]\n" + zip(names.dropFirst(), names).map { "\($0): &\($0)\n" + String(repeating: "  - *\($1)\n", count: 9) }.joined()
        let flow = "n0: &n0 [x, x]\n" + zip(names.dropFirst(), names).map { "\($0): &\($0) [" + String(repeating: "*\($1), ", count: 9) + "]\n" }.joined()
        let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        let bombs = [
            block, block + "*n9 : key\n", block + "? *n9\n: key\n", flow, deep, String(repeating: "- ", count: 900) + "x",
            String(repeating: "[", count: 500_000), "a: " + String(repeating: "x", count: YAMLDocument.maximumSize),
        ]
        let start = ContinuousClock.now
        for bomb in bombs {
            #expect(throws: TracingConfigurationError.self) { try YAMLDocument(text: bomb, file: "f.yml") }
        }
        #expect(ContinuousClock.now - start < .seconds(600))
    }

    @Test("Many plain aliases, as in a file with a default section for each service, are fine")
    func manyAliases() throws {
        let text = "base: &base {x: 1}\n" + (0..<200).map { "s\($0): # service\n  <<: *base\n" }.joined()
        #expect(try reader(text).mapping()?["s199"]?.mapping()?["x"]?.integer() == 1)
        // Patterns are no aliases.
        let patterns = "urls:\n" + (0..<50).map { "  - .*path\($0)\n" }.joined()
        #expect(try reader(patterns).mapping()?["urls"]?.list()?.count == 50)
    }

    @Test("A text with line breaks and control characters is shown in one line")
    func oneLine() throws {
        let root = try reader("a: \"one\\ntwo\\u0007\"\n")
        _ = root.mapping()?["a"]?.mapping()
        let error = #expect(throws: TracingConfigurationError.self) { try root.mistakes.throwIfAny() }
        #expect(error?.message == #"f.yml:1: a: is the text "one\ntwo\u{07}"; expected a mapping (indented "key: value" lines)"#)
    }

    @Test("A file that is not there, or is a directory, is said to be so")
    func files() {
        #expect(#expect(throws: TracingConfigurationError.self) { try YAMLDocument(path: "/nowhere/f.yml") }?.message == "/nowhere/f.yml: there is no such file; check the path")
        #expect(#expect(throws: TracingConfigurationError.self) { try YAMLDocument(path: "/tmp") }?.message == "/tmp: is a directory; expected a file")
    }
}
