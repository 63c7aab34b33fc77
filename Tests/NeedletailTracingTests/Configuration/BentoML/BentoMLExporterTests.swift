import NeedletailTracing
import Testing
import TraceModel

@Suite("BentoML's exporters")
struct BentoMLExporterTests {
    @Test("Zipkin with every key")
    func zipkin() throws {
        let file = try BentoMLReading(
            """
            tracing:
              exporter_type: zipkin
              sample_rate: 1.0
              timeout: 5
              max_tag_value_length: 256
              zipkin:
                endpoint: http://zipkin:9411/api/v2/spans
                local_node_ipv4: 192.168.0.1
                local_node_ipv6: 2001:db8::1
                local_node_port: 3000
            """
        )
        let zipkin = try #require(file.zipkin)
        #expect(zipkin.endpoint == "http://zipkin:9411/api/v2/spans")
        #expect(zipkin.timeout == .seconds(5))
        #expect(zipkin.maximumTagValueLength == 256)
        #expect(zipkin.localIPv4 == "192.168.0.1")
        #expect(zipkin.localIPv6 == "2001:db8::1")
        #expect(zipkin.localPort == 3000)
        #expect(file.rate == 1)
        #expect(file.log.isEmpty)
    }

    @Test("Zipkin with nothing set goes to Zipkin's usual address; BentoML would export nothing")
    func zipkinDefaults() throws {
        let file = try BentoMLReading("tracing: {type: zipkin, sample_rate: 1, zipkin: {endpoint: null}}")
        #expect(file.zipkin == ZipkinExporterConfiguration())
    }

    @Test("An address may be a number")
    func numericAddresses() throws {
        let file = try BentoMLReading("tracing: {exporter_type: zipkin, sample_rate: 1, zipkin: {local_node_ipv4: 3232235521, local_node_ipv6: 1}}")
        #expect(file.zipkin?.localIPv4 == "192.168.0.1")
        #expect(file.zipkin?.localIPv6 == "::0:0:0:1")
    }

    @Test("Jaeger over UDP with every key, in the new and in the old spelling")
    func jaegerUDP() throws {
        let new = try BentoMLReading(
            """
            tracing:
              exporter_type: jaeger
              sample_rate: 0.8
              max_tag_value_length: 64
              jaeger:
                protocol: thrift
                thrift:
                  agent_host_name: agent
                  agent_port: 6831
                  udp_split_oversized_batches: true
            """
        )
        let old = try BentoMLReading("tracing: {type: jaeger, sample_rate: 0.8, max_tag_value_length: 64, jaeger: {address: agent, port: 6831}}")
        #expect(new.jaegerUDP == JaegerUDPExporterConfiguration(host: "agent", port: 6831, maximumTagValueLength: 64))
        #expect(old.jaegerUDP == new.jaegerUDP)
        #expect(new.rate == 0.8)
        #expect(new.log.isEmpty)
        #expect(
            old.log.map { String($0.dropLast(4)) } == [
                "f.yml:1: tracing.type is an old name; write exporter_type instead.",
                "f.yml:1: tracing.jaeger.address is an old name; write thrift.agent_host_name instead.",
                "f.yml:1: tracing.jaeger.port is an old name; write thrift.agent_port instead.",
            ]
        )
    }

    @Test("Jaeger with a collector's address goes over HTTP")
    func jaegerHTTP() throws {
        let file = try BentoMLReading(
            "tracing: {exporter_type: jaeger, sample_rate: 1, timeout: 3, jaeger: {collector_endpoint: 'http://c:14268/api/traces?format=jaeger.thrift'}}"
        )
        #expect(file.jaegerHTTP?.endpoint == "http://c:14268/api/traces?format=jaeger.thrift")
        #expect(file.jaegerHTTP?.timeout == .seconds(3))
    }

    @Test("Jaeger over gRPC", arguments: ["grpc", "GRPC", "Grpc"])
    func jaegerGRPC(name: String) throws {
        let file = try BentoMLReading(
            "tracing: {exporter_type: jaeger, sample_rate: 1, jaeger: {protocol: \(name), collector_endpoint: 'c:14250', grpc: {insecure: true}}}"
        )
        #expect(file.jaegerGRPC?.endpoint == "c:14250")
        #expect(file.jaegerGRPC?.isInsecure == true)
        let bare = try BentoMLReading("tracing: {exporter_type: jaeger, sample_rate: 1, jaeger: {protocol: \(name)}}")
        #expect(bare.jaegerGRPC == JaegerGRPCExporterConfiguration())
        let plain = try BentoMLReading("tracing: {exporter_type: jaeger, sample_rate: 1, jaeger: {protocol: \(name), grpc: {insecure: false}}}")
        #expect(plain.jaegerGRPC?.endpoint == "localhost:14250")
        #expect(plain.jaegerGRPC?.isInsecure == false)
    }

    @Test("OTLP over gRPC is the default; headers are pairs or a mapping")
    func otlpGRPC() throws {
        let pairs = try BentoMLReading(
            """
            tracing:
              exporter_type: otlp
              sample_rate: 1.0
              timeout: 2
              otlp:
                endpoint: http://collector:4317
                compression: GZIP
                grpc:
                  insecure: true
                  headers:
                    - [Authorization, Bearer abc]
                    - [x-n, 5]
            """
        )
        let otlp = try #require(pairs.otlpGRPC)
        #expect(otlp.endpoint == "http://collector:4317")
        #expect(otlp.compression == .gzip)
        #expect(otlp.isInsecure)
        #expect(otlp.headers == ["authorization": "Bearer abc", "x-n": "5"])
        #expect(otlp.timeout == .seconds(2))
        let mapping = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {protocol: grpc, grpc: {headers: {x-n: 5}}}}")
        #expect(mapping.otlpGRPC?.headers == ["x-n": "5"])
        #expect(mapping.otlpGRPC?.endpoint == OTLPGRPCExporterConfiguration.defaultEndpoint)
    }

    @Test(
        "OTLP over HTTP takes the endpoint as it is",
        arguments: ["http", "HTTP", "http/protobuf"]
    )
    func otlpHTTP(name: String) throws {
        let file = try BentoMLReading(
            "tracing: {type: otlp, sample_rate: 1.0, otlp: {protocol: \(name), url: 'http://c:4318/custom', compression: deflate, http: {headers: {A: b}}}}"
        )
        let otlp = try #require(file.otlpHTTP)
        #expect(otlp.endpoint == "http://c:4318/custom")
        #expect(otlp.encoding == .protobuf)
        #expect(otlp.compression == .deflate)
        #expect(otlp.headers == ["a": "b"])
    }

    @Test("OTLP over HTTP in JSON")
    func otlpJSON() throws {
        let file = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {protocol: http/json, compression: zstd}}")
        #expect(file.otlpHTTP?.encoding == .json)
        #expect(file.otlpHTTP?.compression == .zstd)
        #expect(file.otlpHTTP?.endpoint == OTLPHTTPExporterConfiguration.defaultEndpoint)
    }

    @Test("An OTLP endpoint over HTTP without a path gets the usual one, and it is said")
    func otlpPath() throws {
        let file = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {protocol: http, endpoint: 'http://c:4318'}}")
        #expect(file.otlpHTTP?.endpoint == "http://c:4318/v1/traces")
        #expect(file.log.count == 1)
        #expect(file.log.first?.contains("has no path") == true)
        let root = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {protocol: http, endpoint: 'http://c:4318/'}}")
        #expect(root.otlpHTTP?.endpoint == "http://c:4318/")
    }

    @Test("max_tag_value_length limits attribute values with OTLP; 0 and less are no limit")
    func tagLength() throws {
        let otlp = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, max_tag_value_length: 100}")
        #expect(otlp.configuration.limits.attributeValueLength == 100)
        for none in ["0", "-3", "null"] {
            let zipkin = try BentoMLReading("tracing: {exporter_type: zipkin, sample_rate: 1, max_tag_value_length: \(none)}")
            #expect(zipkin.zipkin?.maximumTagValueLength == nil)
            #expect(zipkin.configuration.limits.attributeValueLength == nil)
        }
    }

    @Test("in_memory keeps the spans in the process")
    func inMemory() throws {
        let file = try BentoMLReading("tracing: {exporter_type: in_memory, sample_rate: 1}")
        guard case .custom(let exporter)? = file.configuration.exporters.first else {
            Issue.record("no exporter")
            return
        }
        #expect(exporter is InMemorySpanExporter)
    }

    @Test("The exporter's name is read in any letter case", arguments: ["OTLP", "Otlp", "otlp"])
    func letterCase(name: String) throws {
        #expect(try BentoMLReading("tracing: {exporter_type: \(name), sample_rate: 1}").otlpGRPC != nil)
    }

    @Test("Without a name the only exporter with settings is used, as the oldest files have it, and it is said")
    func inferred() throws {
        let file = try BentoMLReading("tracing: {sample_rate: 1, zipkin: {url: 'http://z:9411/api/v2/spans'}, jaeger: {protocol: thrift}}")
        #expect(file.zipkin?.endpoint == "http://z:9411/api/v2/spans")
        #expect(file.log.contains { $0.contains("exporter_type is not set; zipkin is used") })
    }

    @Test("Without an exporter nothing is exported, and it is said")
    func noExporter() throws {
        let file = try BentoMLReading("tracing: {sample_rate: 1.0}")
        #expect(file.configuration.exporters.isEmpty)
        #expect(file.log.contains { $0.contains("f.yml:1: tracing.exporter_type is not set, so nothing is exported") })
    }

    @Test("Settings of another transport are named in a notice")
    func unused() throws {
        let grpc = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {protocol: grpc, http: {headers: {a: b}}}}")
        #expect(grpc.log.contains { $0.contains("otlp.http.headers has no effect: otlp.protocol is grpc") })
        let http = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {protocol: http, grpc: {headers: [[a, b]], insecure: true}}}")
        #expect(http.log.contains { $0.contains("otlp.grpc.headers, otlp.grpc.insecure have no effect: otlp.protocol is http") })
        let collector = try BentoMLReading("tracing: {exporter_type: jaeger, sample_rate: 1, jaeger: {collector_endpoint: 'http://c:1/x', thrift: {agent_port: 5}}}")
        #expect(collector.log.contains { $0.contains("thrift.agent_port has no effect") })
        let split = try BentoMLReading("tracing: {exporter_type: jaeger, sample_rate: 1, jaeger: {thrift: {udp_split_oversized_batches: false}}}")
        #expect(split.log.contains { $0.contains("batches are always split") })
    }

    // MARK: The environment

    @Test("The exporters' variables fill in what the file leaves out")
    func environmentFills() throws {
        let environment = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4317", "OTEL_EXPORTER_OTLP_HEADERS": "k=v", "OTEL_EXPORTER_OTLP_TIMEOUT": "1500",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://env:9411/api/v2/spans",
            "OTEL_EXPORTER_JAEGER_AGENT_HOST": "env-agent", "OTEL_EXPORTER_JAEGER_AGENT_PORT": "7000",
        ]
        let otlp = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {endpoint: null}}", environment: environment)
        #expect(otlp.otlpGRPC?.endpoint == "http://env:4317")
        #expect(otlp.otlpGRPC?.headers == ["k": "v"])
        #expect(otlp.otlpGRPC?.timeout == .milliseconds(1500))
        #expect(otlp.otlpGRPC?.compression == .gzip)
        let http = try BentoMLReading(
            "tracing: {exporter_type: otlp, sample_rate: 1}",
            environment: ["OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4318"]
        )
        #expect(http.otlpHTTP?.endpoint == "http://env:4318/v1/traces")
        #expect(http.otlpHTTP?.encoding == .json)
        #expect(try BentoMLReading("tracing: {exporter_type: zipkin, sample_rate: 1}", environment: environment).zipkin?.endpoint == "http://env:9411/api/v2/spans")
        let jaeger = try BentoMLReading("tracing: {exporter_type: jaeger, sample_rate: 1, jaeger: {thrift: {agent_port: 1}}}", environment: environment)
        #expect(jaeger.jaegerUDP?.host == "env-agent")
        #expect(jaeger.jaegerUDP?.port == 1)
        let collector = try BentoMLReading(
            "tracing: {exporter_type: jaeger, sample_rate: 1}", environment: ["OTEL_EXPORTER_JAEGER_ENDPOINT": "http://env:14268/api/traces"]
        )
        #expect(collector.jaegerHTTP?.endpoint == "http://env:14268/api/traces")
        let exporter = try BentoMLReading("tracing: {sample_rate: 1}", environment: ["OTEL_TRACES_EXPORTER": "zipkin"])
        #expect(exporter.zipkin != nil)
    }

    @Test("What the file says wins, and bad variables for it are not complained of")
    func fileWins() throws {
        let file = try BentoMLReading(
            "tracing: {exporter_type: otlp, sample_rate: 0.5, timeout: 1, otlp: {protocol: grpc, endpoint: 'http://file:4317', compression: none}}",
            environment: [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "smoke", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon",
                "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "rar", "OTEL_TRACES_SAMPLER": "always_on", "OTEL_TRACES_EXPORTER": "smoke",
                "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "smoke signals",
            ]
        )
        #expect(file.otlpGRPC?.endpoint == "http://file:4317")
        #expect(file.otlpGRPC?.compression == ExportCompression.none)
        #expect(file.otlpGRPC?.timeout == .seconds(1))
        #expect(file.rate == 0.5)
        #expect(file.log.isEmpty)
    }

    @Test("The service's name, its attributes, the batches and the limits come from the environment as always")
    func generalVariables() throws {
        let file = try BentoMLReading(
            "tracing: {exporter_type: otlp, sample_rate: 1}",
            service: "classifier",
            environment: ["OTEL_RESOURCE_ATTRIBUTES": "team=ml", "OTEL_BSP_MAX_QUEUE_SIZE": "99", "OTEL_SPAN_EVENT_COUNT_LIMIT": "3", "OTEL_SDK_DISABLED": "true"]
        )
        #expect(file.configuration.resource.serviceName == "classifier")
        #expect(file.configuration.resource.attributes["team"] == .string("ml"))
        #expect(file.configuration.batch.maxQueueSize == 99)
        #expect(file.configuration.limits.eventCount == 3)
        #expect(!file.configuration.isEnabled)
        let named = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1}", service: "classifier", environment: ["OTEL_SERVICE_NAME": "other"])
        #expect(named.configuration.resource.serviceName == "other")
    }

    @Test("Variables are put into texts, with defaults, and one that is not set is named")
    func variables() throws {
        let text = """
            tracing:
              exporter_type: ${KIND}
              sample_rate: ${RATE:-0.25}
              timeout: "${SECONDS}"
              otlp:
                protocol: http
                endpoint: https://${HOST:-collector}:${PORT}/v1/traces
                http:
                  headers:
                    authorization: Bearer ${TOKEN}
            """
        let file = try BentoMLReading(text, environment: ["KIND": "otlp", "SECONDS": "7", "PORT": "4318", "TOKEN": "secret${PORT}"])
        #expect(file.otlpHTTP?.endpoint == "https://collector:4318/v1/traces")
        #expect(file.otlpHTTP?.headers == ["authorization": "Bearer secret${PORT}"])
        #expect(file.otlpHTTP?.timeout == .seconds(7))
        #expect(file.rate == 0.25)
        #expect(file.log.isEmpty)
        let missing = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, otlp: {endpoint: \"${NOWHERE}\"}}")
        #expect(missing.otlpGRPC?.endpoint == OTLPGRPCExporterConfiguration.defaultEndpoint)
        #expect(missing.log.contains { $0.contains("f.yml:1: tracing.otlp.endpoint: environment variable NOWHERE is not set") })
    }
}
