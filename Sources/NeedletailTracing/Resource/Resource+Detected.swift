public import Logging
public import TraceModel

extension Resource {
    /// Describes this process: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `telemetry.sdk.*` and what detectors find
    /// (OpenTelemetry specification, "Resource SDK").
    ///
    /// The service name comes from `attributes`, else `OTEL_SERVICE_NAME`, else `OTEL_RESOURCE_ATTRIBUTES`, else it is
    /// `unknown_service:` and the name of the program. A list with any mistake is ignored as a whole, with one warning.
    ///
    /// - Parameters:
    ///   - environment: names and values of environment variables; this process's by default.
    ///   - attributes: given by the program; they win over the environment, and that over the detectors.
    ///   - detectors: by default those that `OTEL_SWIFT_RESOURCE_DETECTORS` names (a comma list of `service_instance`,
    ///     `process`, `process_command_args`, `host`, `os`, `container`; `all` for all but the arguments; `none`), and when it
    ///     is not set ``ResourceDetectors/defaults``.
    public static func detected(
        environment: [String: String] = ProcessEnvironment.current,
        attributes: [Attribute] = [],
        detectors: [any ResourceDetector]? = nil,
        logger: Logger = Logger(label: "needletail.tracing")
    ) -> Resource {
        detected(EnvironmentReader(environment, logger: logger), attributes: attributes, detectors: detectors)
    }

    static func detected(_ reader: EnvironmentReader, attributes: [Attribute], detectors: [any ResourceDetector]?) -> Resource {
        var resource = Resource(attributes: sdkAttributes)
        for detector in detectors ?? reader.resourceDetectors() { resource.merge(detector.detect()) }
        resource.merge(reader.resourceAttributes())
        resource.merge(attributes)
        resource.nameUnknownService()
        return resource
    }

    /// What every resource tells of this library.
    static let sdkAttributes = [
        Attribute("telemetry.sdk.name", "needletail"),
        Attribute("telemetry.sdk.language", "swift"),
        Attribute("telemetry.sdk.version", .string(NeedletailTracingVersion.current)),
    ]

    /// Adds attributes; they win over those that are there.
    mutating func merge(_ others: [Attribute]) {
        for other in others {
            if let index = attributes.firstIndex(where: { $0.key == other.key }) {
                attributes[index] = other
            } else {
                attributes.append(other)
            }
        }
    }

    /// Gives a resource without a service name the one that the specification asks for.
    mutating func nameUnknownService() {
        guard serviceName == Self.unknownService else { return }
        let suffix = ProcessEnvironment.programName.map { ":\($0)" } ?? ""
        merge([Attribute(key: "service.name", value: .string(Self.unknownService + suffix))])
    }
}

extension EnvironmentReader {
    /// `OTEL_RESOURCE_ATTRIBUTES`, and `OTEL_SERVICE_NAME`, which wins.
    fileprivate func resourceAttributes() -> [Attribute] {
        let pairs = value(["OTEL_RESOURCE_ATTRIBUTES"], otherwise: "none of it is used") { text, _ throws(Mistake) in try Self.pairs(text) }
        var result = Resource()
        for pair in pairs ?? [] { result.merge([Attribute(key: pair.key, value: .string(pair.value))]) }
        if let name = text("OTEL_SERVICE_NAME") { result.merge([Attribute(key: "service.name", value: .string(name))]) }
        return result.attributes
    }

    fileprivate func resourceDetectors() -> [any ResourceDetector] {
        let known = ResourceDetectors.known
        let groups = choices(
            "OTEL_SWIFT_RESOURCE_DETECTORS",
            known: known.map(\.name) + ["all"],
            default: [ResourceDetectors.defaults],
            shownAs: "all"
        ) { word in word == "all" ? ResourceDetectors.defaults : known.first { $0.name == word }.map { [$0] } }
        return groups.flatMap { $0 }
    }
}
