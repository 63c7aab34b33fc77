public import Instrumentation
internal import TraceModel

/// Carries a trace context in B3 headers, Zipkin's format (openzipkin/b3-propagation).
///
/// Reading takes the single header `b3`, and where there is none or a malformed one the `x-b3-…` headers. A decision may come
/// without ids: `b3: 0`, `b3: 1`, `b3: d`, or `x-b3-sampled` or `x-b3-flags` alone. Without a sampling state the decision is
/// ours. The debug state implies sampled and is passed on. The parent's id is checked and dropped: OpenTelemetry does not share
/// span ids between caller and callee. Headers are written in lower case.
public struct B3Propagator: TextMapPropagator {
    /// How the headers are written. Both are read.
    public enum Encoding: String, Hashable, Sendable {
        /// One header, `b3`.
        case single
        /// `x-b3-traceid`, `x-b3-spanid`, and `x-b3-sampled` or `x-b3-flags`.
        case multiple
    }

    public let encoding: Encoding

    public init(_ encoding: Encoding = .single) {
        self.encoding = encoding
    }

    private static let single = HeaderName("b3")
    private static let traceID = HeaderName("X-B3-TraceId")
    private static let spanID = HeaderName("X-B3-SpanId")
    private static let parentSpanID = HeaderName("X-B3-ParentSpanId")
    private static let sampled = HeaderName("X-B3-Sampled")
    private static let flags = HeaderName("X-B3-Flags")

    public var fields: [String] {
        switch encoding {
        case .single: [Self.single.lowercased]
        case .multiple: [Self.traceID, Self.spanID, Self.sampled, Self.flags].map(\.lowercased)
        }
    }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let remote = extractor.extract(Self.single, from: carrier).flatMap(Self.parse) ?? Self.extractMultiple(carrier, using: extractor) {
            context.continueRemote(remote)
        }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let local = context.traceContext, local.isValid || local.decision != nil else { return }
        let state = State(local)
        switch encoding {
        case .single:
            var parts = local.isValid ? ["\(local.traceID)", "\(local.spanID)"] : []
            if let state { parts.append(state.rawValue) }
            injector.inject(parts.joined(separator: "-"), forKey: Self.single.lowercased, into: &carrier)
        case .multiple:
            if local.isValid {
                injector.inject("\(local.traceID)", forKey: Self.traceID.lowercased, into: &carrier)
                injector.inject("\(local.spanID)", forKey: Self.spanID.lowercased, into: &carrier)
            }
            if state == .debug {
                // Debug implies accept, which is not sent besides it.
                injector.inject("1", forKey: Self.flags.lowercased, into: &carrier)
            } else if let state {
                injector.inject(state.rawValue, forKey: Self.sampled.lowercased, into: &carrier)
            }
        }
    }

    /// The sampling states but "defer", which is the lack of one.
    private enum State: String {
        case deny = "0"
        case accept = "1"
        case debug = "d"

        init?(_ context: TraceContext) {
            if context.isDebug {
                self = .debug
            } else if let decision = context.decision {
                self = decision ? .accept : .deny
            } else {
                return nil
            }
        }
    }

    private static func context(traceID: TraceID, spanID: SpanID, state: State?) -> TraceContext {
        TraceContext(
            traceID: traceID,
            spanID: spanID,
            flags: state == .accept || state == .debug ? .sampled : [],
            isRemote: true,
            isDebug: state == .debug,
            isDeferred: state == nil
        )
    }

    private static let none = (traceID: TraceID(high: 0, low: 0), spanID: SpanID(0))

    /// `{trace}-{span}[-{state}[-{parent}]]`, or a state alone.
    static func parse(_ text: Substring) -> TraceContext? {
        // The longest is 32 + 16 + 1 + 16 digits and three dashes.
        guard (1...68).contains(text.utf8.count) else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        if parts.count == 1 {
            return State(rawValue: String(text)).map { context(traceID: none.traceID, spanID: none.spanID, state: $0) }
        }
        guard (2...4).contains(parts.count), let (traceID, spanID) = ids(parts[0], parts[1]) else { return nil }
        var state: State?
        if parts.count > 2 {
            state = State(rawValue: String(parts[2]))
            guard state != nil else { return nil }
        }
        if parts.count > 3, !isSpanID(parts[3]) { return nil }
        return context(traceID: traceID, spanID: spanID, state: state)
    }

    private static func extractMultiple<Extract: Extractor>(_ carrier: Extract.Carrier, using extractor: Extract) -> TraceContext? {
        let trace = extractor.extract(traceID, from: carrier)
        let span = extractor.extract(spanID, from: carrier)
        var state: State?
        if let text = extractor.extract(sampled, from: carrier) {
            switch text.lowercased() {
            case "1", "true": state = .accept
            case "0", "false": state = .deny
            default: return nil
            }
        }
        if extractor.extract(flags, from: carrier) == "1" { state = .debug }
        guard let trace, let span else {
            guard trace == nil, span == nil, let state else { return nil }
            return context(traceID: none.traceID, spanID: none.spanID, state: state)
        }
        guard let (traceID, spanID) = ids(trace, span) else { return nil }
        if let parent = extractor.extract(parentSpanID, from: carrier), !isSpanID(parent) { return nil }
        return context(traceID: traceID, spanID: spanID, state: state)
    }

    /// A trace id of 16 or 32 hex digits and a span id of 16; a short trace id is padded with zeros on the left.
    private static func ids(_ trace: Substring, _ span: Substring) -> (TraceID, SpanID)? {
        guard trace.utf8.count == 32 || trace.utf8.count == 16, span.utf8.count == 16,
            let traceID = TraceID(hex: trace), let spanID = SpanID(hex: span), traceID.isValid, spanID.isValid
        else { return nil }
        return (traceID, spanID)
    }

    private static func isSpanID(_ text: Substring) -> Bool {
        text.utf8.count == 16 && SpanID(hex: text) != nil
    }
}
