import NeedletailTracing
import Testing

@Suite("Mistakes in BentoML's configuration file")
struct BentoMLMistakeTests {
    @Test("All mistakes of a file are told at once, each with its line")
    func all() {
        #expect(
            BentoMLReading.mistakes(
                """
                tracing:
                  exporter_type: oltp
                  sample_rate: 1.5
                  excluded_urls: predict,
                  otlp:
                    protocol: htpp
                    timout: 3
                """
            ) == [
                "f.yml:2: tracing.exporter_type: \"oltp\" is not known; expected one of zipkin, jaeger, otlp, in_memory; did you mean \"otlp\"?",
                "f.yml:3: tracing.sample_rate: \"1.5\" is out of range; expected a number from 0 to 1",
                "f.yml:4: tracing.excluded_urls: nothing after comma 1: an empty pattern would exclude every URL; expected a pattern, or no comma there",
                "f.yml:6: tracing.otlp.protocol: \"htpp\" is not known; expected one of grpc, http, http/protobuf, http/json; did you mean \"http\"?",
                "f.yml:7: tracing.otlp.timout: unknown key; expected one of protocol, endpoint, url, compression, http, grpc",
            ]
        )
    }

    @Test(
        "What BentoML refuses, ignores or crashes on is named with what was expected",
        arguments: [
            ("sample_rate: true", "tracing.sample_rate: is the boolean \"true\"; expected a number from 0 to 1"),
            ("sample_rate: -0.1", "\"-0.1\" is out of range; expected a number from 0 to 1"),
            ("sample_rate: nan", "expected a number from 0 to 1"),
            ("sample_rate: [1]", "tracing.sample_rate: is a list"),
            ("exporter_type: console", "\"console\" is not known; expected one of zipkin, jaeger, otlp, in_memory"),
            ("timeout: 0", "\"0\" is out of range; expected a number from 0.001"),
            ("timeout: soon", "is the text \"soon\"; expected a number"),
            ("max_tag_value_length: many", "expected a whole number"),
            ("excluded_urls: 3", "is the number \"3\"; expected text"),
            ("excluded_urls: {a: b}", "is a mapping; expected a comma list"),
            ("excluded_urls: ',a'", "nothing before the first comma: an empty pattern would exclude every URL"),
            ("excluded_urls: [a, '']", "tracing.excluded_urls[1]: is an empty pattern"),
            ("excluded_urls: [a, [b]]", "tracing.excluded_urls[1]: is a list; expected text"),
            ("excluded_urls: [(a]", "\"(a\": is no regular expression"),
            ("excluded_urls: 'a*'", "is found in every URL"),
            ("foo: 1", "tracing.foo: unknown key; expected one of exporter_type"),
            ("sampling_rate: 1", "unknown key"),
            ("endpoint: http://x", "did you mean zipkin.endpoint, jaeger.collector_endpoint or otlp.endpoint?"),
            ("zipkin: http://z", "tracing.zipkin: is the text \"http://z\"; expected a mapping"),
            ("zipkin: {endpoint: 'ftp://z'}", "Zipkin endpoint \"ftp://z\": unknown scheme"),
            ("zipkin: {local_node_ipv4: 999.1.1.1}", "\"999.1.1.1\" is no IPv4 address"),
            ("zipkin: {local_node_ipv4: '::1'}", "did you mean local_node_ipv6?"),
            ("zipkin: {local_node_ipv6: 10.0.0.1}", "did you mean local_node_ipv4?"),
            ("zipkin: {local_node_ipv4: 99999999999}", "tracing.zipkin.local_node_ipv4: is out of range"),
            ("zipkin: {local_node_port: 0}", "expected a whole number from 1 to 65535"),
            ("jaeger: {protocol: udp}", "\"udp\" is not known; expected one of thrift, grpc"),
            ("jaeger: {thrift: {agent_host: h}}", "did you mean \"agent_host_name\"?"),
            ("jaeger: {agent_host_name: h}", "did you mean thrift.agent_host_name?"),
            ("jaeger: {thrift: {agent_port: high}}", "tracing.jaeger.thrift.agent_port: is the text \"high\""),
            ("jaeger: {thrift: {agent_host_name: 'http://h'}}", "is no host name or address"),
            ("jaeger: {thrift: {udp_split_oversized_batches: 2}}", "expected true or false"),
            ("jaeger: {grpc: {insecure: maybe}}", "is the text \"maybe\"; expected true or false"),
            ("jaeger: {address: a, thrift: {agent_host_name: b}}", "tracing.jaeger.address: says something else than tracing.jaeger.thrift.agent_host_name"),
            ("type: otlp, exporter_type: zipkin", "tracing.type: says something else than tracing.exporter_type in line 1; expected exporter_type alone"),
            ("otlp: {compression: rar}", "\"rar\" is not known; expected one of none, gzip, deflate, zstd"),
            ("otlp: {compression: zstd}", "goes with protocol http only"),
            ("otlp: {timeout: 5}", "did you mean timeout of the tracing block itself?"),
            ("otlp: {headers: {a: b}}", "did you mean http.headers or grpc.headers?"),
            ("otlp: {http: {timeout: 5}}", "tracing.otlp.http.timeout: unknown key; expected one of certificate_file, headers"),
            ("otlp: {http: {headers: a=b}}", "tracing.otlp.http.headers: is text; expected a mapping"),
            ("otlp: {grpc: {headers: a=b}}", "tracing.otlp.grpc.headers: is text"),
            ("otlp: {grpc: {headers: [a]}}", "tracing.otlp.grpc.headers[0]: is no header; expected [name, value]"),
            ("otlp: {grpc: {credentials: x}}", "unknown key; expected one of insecure, headers"),
            ("otlp: {grpc: {headers: {'bad name': x}}}", "the name must be letters"),
            ("otlp: {http: {certificate_file: /nowhere.pem}}", "/nowhere.pem"),
            ("otlp: {endpoint: 'http://u:secret@h'}", "a user name or password"),
            ("otlp: {endpoint: 'tcp://h:1'}", "unknown scheme"),
            ("otlp: {endpoint: 'https://h', grpc: {insecure: true}}", "is true, but the endpoint begins with https://"),
            ("otlp: {endpoint: 'http://h', grpc: {insecure: false}}", "is false, but the endpoint begins with http://"),
        ]
    )
    func each(text: String, expected: String) {
        let mistakes = BentoMLReading.mistakes("tracing: {\(text)}")
        #expect(mistakes.count == 1, "\(mistakes)")
        #expect(mistakes.first?.hasPrefix("f.yml:1: ") == true)
        #expect(mistakes.first?.contains(expected) == true, "\(mistakes)")
    }

    @Test("Mistakes in every block count, also in one that would not be used")
    func unusedBlocks() {
        #expect(
            BentoMLReading.mistakes("services:\n  a: {tracing: {sample_rate: 1}}\n  b: {tracing: {rate: 1}}\n", service: "a").map { String($0.prefix(40)) }
                == ["f.yml:3: services.b.tracing.rate: unknow"]
        )
    }

    @Test("A version that is not known is a mistake")
    func version() {
        #expect(BentoMLReading.mistakes("version: 3\ntracing: {type: otlp}") == ["f.yml:1: version: \"3\" is not known; expected 1 or 2, or no version"])
    }

    @Test("A key that comes twice is a mistake")
    func duplicates() {
        #expect(
            BentoMLReading.mistakes("tracing:\n  sample_rate: 1\n  type: otlp\n  sample_rate: 0\n") == [
                "f.yml:2: duplicate key \"sample_rate\", again in line 4; expected each key once in its mapping"
            ]
        )
    }

    @Test("Headers' values and endpoints' passwords are in no message")
    func secrets() {
        let text = "tracing: {otlp: {endpoint: 'http://u:hunter2@h', grpc: {headers: {'a b': hunter3}}, http: {headers: [[x, hunter4, y], [z, [hunter5]]]}}}"
        let all = BentoMLReading.mistakes(text).joined()
        #expect(!all.contains("hunter"))
    }
}
