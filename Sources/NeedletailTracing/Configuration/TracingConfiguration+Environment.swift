internal import Logging
internal import TraceModel

/// The environment variables of the OpenTelemetry specification.
extension TracingConfiguration {
    mutating func readSampler(_ reader: EnvironmentReader) {
        let argument = "OTEL_TRACES_SAMPLER_ARG"
        func ratio() -> TraceIDRatioSampler { TraceIDRatioSampler(ratio: reader.double(argument, in: 0...1) ?? 1) }
        let choices: [String: () -> any Sampler] = [
            "always_on": { AlwaysOnSampler() },
            "always_off": { AlwaysOffSampler() },
            "traceidratio": { ratio() },
            "parentbased_always_on": { ParentBasedSampler(root: AlwaysOnSampler()) },
            "parentbased_always_off": { ParentBasedSampler(root: AlwaysOffSampler()) },
            "parentbased_traceidratio": { ParentBasedSampler(root: ratio()) },
        ]
        if let make = reader.choice("OTEL_TRACES_SAMPLER", among: choices) { sampler = make() }
    }

    mutating func readBatch(_ reader: EnvironmentReader) {
        if let size = reader.integer("OTEL_BSP_MAX_QUEUE_SIZE", atLeast: 1) { batch.maxQueueSize = size }
        if let size = reader.integer("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", atLeast: 1) { batch.maxExportBatchSize = size }
        if let delay = reader.milliseconds("OTEL_BSP_SCHEDULE_DELAY") { batch.scheduleDelay = delay }
        if let timeout = reader.milliseconds("OTEL_BSP_EXPORT_TIMEOUT") { batch.exportTimeout = timeout }
        if batch.maxExportBatchSize > batch.maxQueueSize {
            reader.warn(
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                "\(batch.maxExportBatchSize) is above the queue size, so that \(batch.maxQueueSize) is used"
            )
            batch.maxExportBatchSize = batch.maxQueueSize
        }
    }

    mutating func readLimits(_ reader: EnvironmentReader) {
        func limit(_ specific: String, _ general: String? = nil) -> Int? {
            reader.integer(specific, atLeast: 0) ?? general.flatMap { reader.integer($0, atLeast: 0) }
        }
        if let count = limit("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT") { limits.attributeCount = count }
        limits.attributeValueLength = limit("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
        if let count = limit("OTEL_SPAN_EVENT_COUNT_LIMIT") { limits.eventCount = count }
        if let count = limit("OTEL_SPAN_LINK_COUNT_LIMIT") { limits.linkCount = count }
        if let count = limit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT") { limits.attributeCountPerEvent = count }
        if let count = limit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT") { limits.attributeCountPerLink = count }
    }

    mutating func readExporter(_ reader: EnvironmentReader) {
        var otlp = OTLPHTTPExporterConfiguration()
        defer { exporters = [.otlpHTTP(otlp)] }
        let prefix = "OTEL_EXPORTER_OTLP_"
        /// The name of the setting that is in force: the one for traces, else the general one.
        func name(_ setting: String) -> String {
            reader.text(prefix + "TRACES_" + setting) == nil ? prefix + setting : prefix + "TRACES_" + setting
        }
        let endpointName = name("ENDPOINT")
        if let endpoint = reader.text(endpointName) {
            // The general endpoint is a base; the one for traces is taken as it is.
            let isBase = endpointName == prefix + "ENDPOINT"
            let url = isBase ? endpoint + (endpoint.hasSuffix("/") ? "" : "/") + "v1/traces" : endpoint
            do {
                otlp.endpoint = try HTTPEndpoint(url, names: .otlpHTTP).url
            } catch {
                reader.warn(endpointName, "\(error)")
            }
        }
        let encodings: [String: OTLPHTTPExporterConfiguration.Encoding] = ["http/protobuf": .protobuf, "http/json": .json]
        if let encoding = reader.choice(name("PROTOCOL"), among: encodings) { otlp.encoding = encoding }
        let compressions: [String: ExportCompression] = ["gzip": .gzip, "none": .none]
        if let compression = reader.choice(name("COMPRESSION"), among: compressions) { otlp.compression = compression }
        if let timeout = reader.milliseconds(name("TIMEOUT")) { otlp.timeout = timeout }
        let headersName = name("HEADERS")
        if let text = reader.text(headersName) {
            do {
                for pair in try PercentEncodedList.parse(text) { otlp.headers[pair.key.lowercased()] = pair.value }
            } catch {
                reader.warn(headersName, "\(error)")
            }
        }
    }
}
