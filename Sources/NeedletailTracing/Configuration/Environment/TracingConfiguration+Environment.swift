internal import Logging
internal import TraceModel

/// The environment variables of the OpenTelemetry specification, but for the exporters'.
extension TracingConfiguration {
    mutating func readSampler(_ reader: EnvironmentReader) {
        let argument = "OTEL_TRACES_SAMPLER_ARG"
        func ratio() -> TraceIDRatioSampler { TraceIDRatioSampler(ratio: reader.fraction(argument, default: 1)) }
        let (current, resource, logger) = (sampler, resource, logger)
        func remote() -> any Sampler {
            var service = "unknown_service"
            if case .string(let name)? = resource.attributes["service.name"] { service = name }
            let configuration = reader.value(
                [argument],
                default: JaegerRemoteSamplerConfiguration(serviceName: service),
                shownAs: "endpoint=\(JaegerRemoteSamplerConfiguration.defaultEndpoint)"
            ) { text, _ throws(EnvironmentReader.Mistake) in try JaegerRemoteSamplerConfiguration(serviceName: service, argument: text) }
            do throws(TracingConfigurationError) {
                return try JaegerRemoteSampler(configuration, logger: logger)
            } catch {
                reader.warn(argument, error.message, instead: "\(current) is used")
                return current
            }
        }
        let choices: KeyValuePairs<String, () -> any Sampler> = [
            "always_on": { AlwaysOnSampler() },
            "always_off": { AlwaysOffSampler() },
            "traceidratio": { ratio() },
            "parentbased_always_on": { ParentBasedSampler(root: AlwaysOnSampler()) },
            "parentbased_always_off": { ParentBasedSampler(root: AlwaysOffSampler()) },
            "parentbased_traceidratio": { ParentBasedSampler(root: ratio()) },
            "jaeger_remote": { remote() },
            "parentbased_jaeger_remote": { ParentBasedSampler(root: remote()) },
        ]
        sampler = reader.choice(["OTEL_TRACES_SAMPLER"], among: choices, default: { current }, shownAs: "parentbased_always_on")()
    }

    mutating func readPropagators(_ reader: EnvironmentReader) {
        propagators = reader.choices(
            "OTEL_PROPAGATORS",
            known: PropagatorName.allCases.filter { $0 != .none }.map(\.rawValue),
            default: Self.defaultPropagators,
            shownAs: PropagatorName.defaults.map(\.rawValue).joined(separator: ",")
        ) { word in PropagatorName(word)?.makePropagator() }
    }

    mutating func readExcludedURLs(_ reader: EnvironmentReader) {
        let excluded = reader.value(["OTEL_SWIFT_EXCLUDED_URLS"], otherwise: "nothing is excluded") {
            text, _ throws(EnvironmentReader.Mistake) in
            do throws(TracingConfigurationError) {
                return try ExcludedURLs(commaSeparated: text)
            } catch {
                throw EnvironmentReader.Mistake(reason: error.message, hidesValue: true)
            }
        }
        if let excluded { excludedURLs = excluded }
    }

    mutating func readBatch(_ reader: EnvironmentReader) {
        batch.maxQueueSize = reader.integer("OTEL_BSP_MAX_QUEUE_SIZE", atLeast: 1, default: batch.maxQueueSize)
        batch.scheduleDelay = reader.milliseconds(["OTEL_BSP_SCHEDULE_DELAY"], default: batch.scheduleDelay)
        batch.exportTimeout = reader.milliseconds(["OTEL_BSP_EXPORT_TIMEOUT"], default: batch.exportTimeout)
        let queue = batch.maxQueueSize
        batch.maxExportBatchSize = reader.value(
            ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
            default: min(batch.maxExportBatchSize, queue)
        ) { text, _ throws(EnvironmentReader.Mistake) in
            guard let size = Int(text), (1...queue).contains(size) else {
                throw EnvironmentReader.Mistake(reason: "is no whole number from 1 to the size of the queue, \(queue)")
            }
            return size
        }
    }

    mutating func readLimits(_ reader: EnvironmentReader) {
        let general = "OTEL_ATTRIBUTE_COUNT_LIMIT"
        limits.attributeValueLength = reader.limit("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
        limits.attributeCount = reader.integer("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", general, default: limits.attributeCount)
        limits.eventCount = reader.integer("OTEL_SPAN_EVENT_COUNT_LIMIT", default: limits.eventCount)
        limits.linkCount = reader.integer("OTEL_SPAN_LINK_COUNT_LIMIT", default: limits.linkCount)
        limits.attributeCountPerEvent = reader.integer("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", general, default: limits.attributeCountPerEvent)
        limits.attributeCountPerLink = reader.integer("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", general, default: limits.attributeCountPerLink)
    }
}
