public import Instrumentation
internal import TraceModel

/// Carries a trace context in `ot-tracer-…` and baggage in `ot-baggage-…`, the format of OpenTracing's basic tracers (Lightstep).
///
/// Trace ids have 64 bits in it: only the low half is written, and what is read is padded. Baggage is read and written with a
/// valid trace context only, and read as ``JaegerPropagator`` does. Deprecated by OpenTelemetry in favour of W3C.
public struct OTTracePropagator: TextMapPropagator {
    /// Names of baggage that is looked for also where headers cannot be listed, in lower case.
    public let baggageKeys: [String]

    private static let traceID = HeaderName("ot-tracer-traceid")
    private static let spanID = HeaderName("ot-tracer-spanid")
    private static let sampled = HeaderName("ot-tracer-sampled")
    private static let baggagePrefix = "ot-baggage-"

    public init(baggageKeys: [String] = []) {
        self.baggageKeys = baggageKeys.map { $0.lowercased() }
    }

    public var fields: [String] { [Self.traceID, Self.spanID, Self.sampled].map(\.lowercased) }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let traceID = extractor.extract(Self.traceID, from: carrier).flatMap({ TraceID(hex: $0) }), traceID.isValid,
            let spanID = extractor.extract(Self.spanID, from: carrier).flatMap({ SpanID(hex: $0) }), spanID.isValid
        else { return }
        let isSampled: Bool?
        switch extractor.extract(Self.sampled, from: carrier)?.lowercased() {
        case "true", "1": isSampled = true
        case "false", "0": isSampled = false
        case nil: isSampled = nil
        default: return
        }
        context.continueRemote(
            TraceContext(
                traceID: traceID,
                spanID: spanID,
                flags: isSampled == true ? .sampled : [],
                isRemote: true,
                isDeferred: isSampled == nil
            ))
        var baggage = Baggage()
        PrefixedBaggage(prefix: Self.baggagePrefix).extract(carrier, using: extractor, keys: baggageKeys, into: &baggage)
        if !baggage.isEmpty { context.baggage.merge(baggage) }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        // Without its low half a trace id would be all zero at the receiver.
        guard let local = context.traceContext, local.isValid, local.traceID.low != 0 else { return }
        injector.inject("\(SpanID(local.traceID.low))", forKey: Self.traceID.lowercased, into: &carrier)
        injector.inject("\(local.spanID)", forKey: Self.spanID.lowercased, into: &carrier)
        if let decision = local.decision { injector.inject("\(decision)", forKey: Self.sampled.lowercased, into: &carrier) }
        PrefixedBaggage(prefix: Self.baggagePrefix).inject(context.baggage, into: &carrier, using: injector)
    }
}
