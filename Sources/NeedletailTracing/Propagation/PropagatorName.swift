internal import TraceModel

/// The names of propagators in `OTEL_PROPAGATORS` (OpenTelemetry specification, "Environment Variables").
public enum PropagatorName: String, Hashable, Sendable, CaseIterable {
    /// ``W3CTraceContextPropagator``
    case tracecontext
    /// ``W3CBaggagePropagator``
    case baggage
    /// ``B3Propagator`` with one header
    case b3
    /// ``B3Propagator`` with a header for each part
    case b3multi
    /// ``JaegerPropagator``
    case jaeger
    /// ``XRayPropagator``
    case xray
    /// ``OTTracePropagator``
    case ottrace
    /// No propagator.
    case none

    /// The propagators of the specification's default: `tracecontext,baggage`.
    public static let defaults: [PropagatorName] = [.tracecontext, .baggage]

    /// Reads a name in any case; `nil` for one that is not known.
    public init?(_ text: some StringProtocol) {
        self.init(rawValue: text.trimmingBlanks().lowercased())
    }

    /// The propagator of this name with its default settings; `nil` for ``none``.
    public func makePropagator() -> (any TextMapPropagator)? {
        switch self {
        case .tracecontext: W3CTraceContextPropagator()
        case .baggage: W3CBaggagePropagator()
        case .b3: B3Propagator(.single)
        case .b3multi: B3Propagator(.multiple)
        case .jaeger: JaegerPropagator()
        case .xray: XRayPropagator()
        case .ottrace: OTTracePropagator()
        case .none: nil
        }
    }
}
