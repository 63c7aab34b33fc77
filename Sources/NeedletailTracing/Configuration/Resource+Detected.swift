public import Logging
public import TraceModel

extension Resource {
    /// Describes this process: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and `telemetry.sdk.*` (OpenTelemetry
    /// specification, "Resource SDK").
    ///
    /// The service name comes from `attributes`, else `OTEL_SERVICE_NAME`, else `OTEL_RESOURCE_ATTRIBUTES`, else it is
    /// `unknown_service:` and the name of the program. A list with any mistake is ignored as a whole, with one warning.
    ///
    /// - Parameters:
    ///   - environment: names and values of environment variables; this process's by default.
    ///   - attributes: given by the program; they win.
    public static func detected(
        environment: [String: String] = ProcessEnvironment.current,
        attributes: [Attribute] = [],
        logger: Logger = Logger(label: "needletail.tracing")
    ) -> Resource {
        var result: [Attribute] = [
            Attribute("telemetry.sdk.name", "needletail"),
            Attribute("telemetry.sdk.language", "swift"),
            Attribute("telemetry.sdk.version", .string(NeedletailTracingVersion.current)),
        ]
        func set(_ attribute: Attribute) {
            if let index = result.firstIndex(where: { $0.key == attribute.key }) {
                result[index] = attribute
            } else {
                result.append(attribute)
            }
        }
        do {
            for pair in try PercentEncodedList.parse(environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "") {
                set(Attribute(key: pair.key, value: .string(pair.value)))
            }
        } catch {
            logger.warning(
                "OTEL_RESOURCE_ATTRIBUTES is ignored: \(error); expected key=value,key=value with \",\", \"=\" and \"%\" percent-encoded."
            )
        }
        if let name = environment["OTEL_SERVICE_NAME"], !name.isEmpty { set(Attribute(key: "service.name", value: .string(name))) }
        for attribute in attributes { set(attribute) }
        if Resource(attributes: result).serviceName == unknownService {
            set(Attribute(key: "service.name", value: .string(unknownService + ProcessEnvironment.programName.map { ":\($0)" }.orEmpty)))
        }
        return Resource(attributes: result)
    }
}

extension Optional where Wrapped == String {
    fileprivate var orEmpty: String { self ?? "" }
}
