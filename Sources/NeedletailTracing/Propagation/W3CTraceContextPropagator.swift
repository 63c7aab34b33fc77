public import Instrumentation
public import TraceModel

/// Carries a trace context in the headers `traceparent` and `tracestate`: W3C Trace Context Level 2.
///
/// Reading never fails: a malformed `traceparent` counts as none (the receiver starts a new trace), and a malformed
/// `tracestate` is dropped while `traceparent` still counts. The random flag travels on; reserved flags do not.
public struct W3CTraceContextPropagator: TextMapPropagator {
    /// Characters of `tracestate` that are written at most; the recommendation asks for at least 512. A longer one is shortened
    /// by whole members: those above 128 characters first, then from the end (section 3.3.1.5).
    public static let maximumTraceStateLength = 4096

    private let reading: TraceContext.Reading

    public init() { self.init(reading: .strict) }

    package init(reading: TraceContext.Reading) { self.reading = reading }

    public var fields: [String] { [TraceContext.HeaderName.traceparent, TraceContext.HeaderName.tracestate] }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let remote = extract(from: carrier, using: extractor) { context.continueRemote(remote) }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        if let local = context.traceContext { inject(local, into: &carrier, using: injector) }
    }

    /// Reads the trace context a caller sent, marked as remote; `nil` when there is none or it is malformed.
    public func extract<Extract: Extractor>(from carrier: Extract.Carrier, using extractor: Extract) -> TraceContext? {
        guard let traceparent = extractor.extract(key: TraceContext.HeaderName.traceparent, from: carrier) else { return nil }
        return TraceContext(
            traceparent: traceparent,
            tracestate: extractor.extract(key: TraceContext.HeaderName.tracestate, from: carrier),
            reading: reading
        )
    }

    /// Reads the trace context from header values; several `tracestate` lines are joined in their order (section 3.3.1).
    public func extract(traceparent: String?, tracestate: [String]) -> TraceContext? {
        guard let traceparent else { return nil }
        return TraceContext(traceparent: traceparent, tracestate: tracestate.isEmpty ? nil : tracestate.joined(separator: ","))
    }

    /// Writes the trace context for a callee; writes nothing when an id is all zero, and no empty `tracestate`.
    public func inject<Inject: Injector>(_ context: TraceContext, into carrier: inout Inject.Carrier, using injector: Inject) {
        guard context.isValid else { return }
        injector.inject(context.traceparent, forKey: TraceContext.HeaderName.traceparent, into: &carrier)
        if !context.traceState.isEmpty {
            let text = TraceContext.truncatedTraceState(context.traceState, to: Self.maximumTraceStateLength)
            injector.inject(text, forKey: TraceContext.HeaderName.tracestate, into: &carrier)
        }
    }
}
