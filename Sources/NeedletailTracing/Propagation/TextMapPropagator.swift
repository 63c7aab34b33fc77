public import Instrumentation

/// Carries context in headers (OpenTelemetry specification, "TextMap Propagator").
public protocol TextMapPropagator: Sendable {
    /// The header names that are written, in lower case.
    var fields: [String] { get }

    /// Puts what a caller sent into `context`. MUST NOT fail: what is missing or malformed changes nothing.
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier

    /// Writes for a callee what `context` holds.
    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier
}
