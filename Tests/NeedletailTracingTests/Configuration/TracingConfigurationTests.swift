import NeedletailTracing
import Testing
import TraceModel

struct TracingConfigurationTests {
    @Test("The defaults are the specification's")
    func defaults() {
        let log = LogRecorder()
        let configuration = TracingConfiguration(environment: ["OTEL_TRACES_SAMPLER": "", "OTEL_BSP_MAX_QUEUE_SIZE": ""], logger: log.logger)
        #expect(configuration.batch == BatchSpanProcessorConfiguration())
        #expect(configuration.batch.maxQueueSize == 2048)
        #expect(configuration.batch.maxExportBatchSize == 512)
        #expect(configuration.batch.scheduleDelay == .seconds(5))
        #expect(configuration.batch.exportTimeout == .seconds(30))
        #expect(configuration.otlp == OTLPHTTPExporterConfiguration())
        #expect(configuration.otlp?.endpoint == "http://localhost:4318/v1/traces")
        #expect(configuration.limits == SpanLimits())
        #expect(configuration.sampler.description == "ParentBased{root: AlwaysOnSampler}")
        #expect(log.messages.isEmpty)
    }

    @Test("Every variable is read")
    func everything() {
        let log = LogRecorder()
        let configuration = TracingConfiguration(
            environment: [
                "OTEL_TRACES_SAMPLER": "ParentBased_TraceIDRatio", "OTEL_TRACES_SAMPLER_ARG": "0.25",
                "OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10",
                "OTEL_BSP_SCHEDULE_DELAY": "250", "OTEL_BSP_EXPORT_TIMEOUT": "1500",
                "OTEL_ATTRIBUTE_COUNT_LIMIT": "7", "OTEL_SPAN_EVENT_COUNT_LIMIT": "8", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "9",
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "99",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318/base/", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_TIMEOUT": "2000",
                "OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%20b, x=1",
            ],
            logger: log.logger
        )
        #expect(configuration.sampler.description == "ParentBased{root: TraceIdRatioBased{0.25}}")
        #expect(configuration.batch.maxQueueSize == 100)
        #expect(configuration.batch.maxExportBatchSize == 10)
        #expect(configuration.batch.scheduleDelay == .milliseconds(250))
        #expect(configuration.batch.exportTimeout == .milliseconds(1500))
        #expect(configuration.limits.attributeCount == 7)
        #expect(configuration.limits.eventCount == 8)
        #expect(configuration.limits.attributeValueLength == 9)
        #expect(configuration.otlp?.endpoint == "https://collector:4318/base/v1/traces")
        #expect(configuration.otlp?.encoding == .json)
        #expect(configuration.otlp?.compression == .gzip)
        #expect(configuration.otlp?.timeout == .seconds(2))
        #expect(configuration.otlp?.headers == ["api-key": "a b", "x": "1"])
        #expect(log.messages.isEmpty)
    }

    @Test("The endpoint for traces wins and is taken as it is")
    func tracesEndpoint() {
        let configuration = TracingConfiguration(environment: [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://general:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://special:2",
        ])
        #expect(configuration.otlp?.endpoint == "http://special:2/")
    }

    @Test(
        "A bad value is warned of once, by name, and counts as not set",
        arguments: [
            ("OTEL_TRACES_SAMPLER", "sometimes"), ("OTEL_BSP_MAX_QUEUE_SIZE", "0"), ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "1.5s"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://x"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "morse"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "novalue"), ("OTEL_RESOURCE_ATTRIBUTES", "a=1,b"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"),
        ]
    )
    func badValues(name: String, value: String) {
        let log = LogRecorder()
        let configuration = TracingConfiguration(environment: [name: value], logger: log.logger)
        #expect(log.messages.count == 1)
        #expect(log.messages.first?.hasPrefix("\(name) is ignored") == true)
        #expect(configuration.otlp == OTLPHTTPExporterConfiguration())
        #expect(configuration.batch.maxQueueSize == 2048)
    }

    @Test("The resource: name, attributes, sdk")
    func resource() {
        let resource = Resource.detected(environment: [
            "OTEL_SERVICE_NAME": "winner", "OTEL_RESOURCE_ATTRIBUTES": "service.name=loser, team=a%2Cb%3D%C3%A9 ,empty=",
        ])
        #expect(resource.serviceName == "winner")
        #expect(resource.attributes["team"] == "a,b=é")
        #expect(resource.attributes["empty"] == "")
        #expect(resource.attributes["telemetry.sdk.name"] == "needletail")
        #expect(resource.attributes["telemetry.sdk.language"] == "swift")
        #expect(resource.attributes["telemetry.sdk.version"] == .string(NeedletailTracingVersion.current))
        #expect(Set(resource.attributes.map(\.key)).count == resource.attributes.count)
        #expect(Resource.detected(environment: ["OTEL_RESOURCE_ATTRIBUTES": "service.name=listed"]).serviceName == "listed")
        #expect(Resource.detected(environment: ["OTEL_SERVICE_NAME": "env"], attributes: [Attribute("service.name", "code")]).serviceName == "code")
    }

    @Test("Without a name the service is unknown, with the program's name")
    func unknownService() {
        let name = Resource.detected(environment: [:]).serviceName
        #expect(name.hasPrefix("unknown_service:"))
        #expect(!name.contains("/"))
    }

    @Test("Any mistake discards the whole list", arguments: ["a=1,b", "a=1,=2", "a=%4", "a=%zz", "a=%ff", "a=1,"])
    func badAttributes(text: String) {
        let log = LogRecorder()
        let resource = Resource.detected(environment: ["OTEL_RESOURCE_ATTRIBUTES": text], logger: log.logger)
        #expect(resource.attributes["a"] == nil)
        #expect(log.messages.count == 1)
    }
}

extension TracingConfiguration {
    /// The settings of the only exporter, if that is OTLP over HTTP.
    var otlp: OTLPHTTPExporterConfiguration? {
        if exporters.count == 1, case .otlpHTTP(let configuration) = exporters[0] { configuration } else { nil }
    }
}
