public import TraceModel

/// Finds out something about where this process runs (OpenTelemetry specification, "Resource SDK").
///
/// Detectors run once, when a configuration is made: they must be quick, must not wait for a network, and leave out what
/// they cannot find.
public protocol ResourceDetector: Sendable {
    /// The name in `OTEL_SWIFT_RESOURCE_DETECTORS`.
    var name: String { get }

    func detect() -> [Attribute]
}

/// The detectors of this library.
public enum ResourceDetectors {
    /// What runs when nothing else is said.
    ///
    /// ``ProcessCommandDetector`` is left out: command lines may hold secrets.
    public static var defaults: [any ResourceDetector] {
        [ServiceInstanceDetector(), ProcessDetector(), HostDetector(), OperatingSystemDetector(), ContainerDetector()]
    }

    /// All detectors that `OTEL_SWIFT_RESOURCE_DETECTORS` can name.
    static var known: [any ResourceDetector] { defaults + [ProcessCommandDetector()] }

    /// The semantic conventions that the attributes follow.
    public static let schemaURL = "https://opentelemetry.io/schemas/1.37.0"
}
