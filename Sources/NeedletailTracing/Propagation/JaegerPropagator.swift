public import Instrumentation
internal import TraceModel

/// Carries a trace context in `uber-trace-id` and baggage in `uberctx-…`, the format of Jaeger's own clients.
///
/// Baggage is read from headers whose names begin with `uberctx-` when the extractor can list them (``KeyListingExtractor``),
/// from those named by `baggageKeys` with any extractor, and from `jaeger-baggage: key=value, key=value`. Names of baggage are
/// parts of header names: they are read and written in lower case. Deprecated by OpenTelemetry in favour of W3C.
public struct JaegerPropagator: TextMapPropagator {
    /// Names of baggage that is looked for also where headers cannot be listed, in lower case.
    public let baggageKeys: [String]

    private static let header = HeaderName("uber-trace-id")
    private static let baggageList = HeaderName("jaeger-baggage")
    private static let baggagePrefix = "uberctx-"

    public init(baggageKeys: [String] = []) {
        self.baggageKeys = baggageKeys.map { $0.lowercased() }
    }

    /// The headers of baggage are not among them: their names depend on what is sent.
    public var fields: [String] { [Self.header.lowercased] }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let remote = extractor.extract(Self.header, from: carrier).flatMap(Self.parse) { context.continueRemote(remote) }
        var baggage = Baggage()
        if let list = extractor.extract(Self.baggageList, from: carrier) { baggage = W3CBaggagePropagator.parse(String(list)) }
        PrefixedBaggage(prefix: Self.baggagePrefix).extract(carrier, using: extractor, keys: baggageKeys, into: &baggage)
        if !baggage.isEmpty { context.baggage.merge(baggage) }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        if let local = context.traceContext, local.isValid {
            let flags = local.isDebug ? 3 : local.isSampled ? 1 : 0
            // The parent's id is deprecated and written as 0.
            injector.inject("\(local.traceID):\(local.spanID):0:\(flags)", forKey: Self.header.lowercased, into: &carrier)
        }
        PrefixedBaggage(prefix: Self.baggagePrefix).inject(context.baggage, into: &carrier, using: injector)
    }

    /// `{trace}:{span}:{parent}:{flags}`, all hex, the ids of any length up to 32 and 16 digits; also percent-encoded, as the
    /// HTTP codecs of Jaeger's clients write it.
    static func parse(_ text: Substring) -> TraceContext? {
        // All digits percent-encoded would be 3 * (32 + 16 + 16 + 2 + 3) characters.
        guard text.utf8.count <= 207 else { return nil }
        let decoded = PercentEncoding.decoded(text)
        let parts = decoded.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4,
            let traceID = TraceID(hex: parts[0]), let spanID = SpanID(hex: parts[1]), traceID.isValid, spanID.isValid,
            SpanID(hex: parts[2]) != nil, let flags = TraceFlags(hex: parts[3])?.rawValue
        else { return nil }
        let isDebug = flags & 2 != 0
        return TraceContext(
            traceID: traceID,
            spanID: spanID,
            flags: isDebug || flags & 1 != 0 ? .sampled : [],
            isRemote: true,
            isDebug: isDebug
        )
    }
}
