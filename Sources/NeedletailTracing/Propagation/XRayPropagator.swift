public import Instrumentation
internal import TraceModel

/// Carries a trace context in `x-amzn-trace-id`, the tracing header of AWS X-Ray and of AWS' load balancers.
///
/// Fields are read in any order; unknown ones (`Self` of a load balancer) are passed over. `Root` alone, as a load balancer sends
/// it, continues the trace without a parent. Without `Sampled`, or with `Sampled=?`, the decision is ours. A valid `Lineage` is
/// passed on with the trace it came with.
public struct XRayPropagator: TextMapPropagator {
    private static let header = HeaderName("X-Amzn-Trace-Id")
    /// Longer headers are not looked at; AWS documents none above 512 characters.
    static let maximumLength = 4096

    public init() {}

    public var fields: [String] { [Self.header.lowercased] }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(Self.header, from: carrier), let (remote, lineage) = Self.parse(text) else { return }
        context.continueRemote(remote)
        if let lineage { context[LineageKey.self] = Lineage(traceID: remote.traceID, text: lineage) }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let local = context.traceContext, local.isValid else { return }
        let digits = "\(local.traceID)"
        var text = "Root=1-\(digits.prefix(8))-\(digits.dropFirst(8));Parent=\(local.spanID)"
        if let decision = local.decision { text += ";Sampled=\(decision ? 1 : 0)" }
        if let lineage = context[LineageKey.self], lineage.traceID == local.traceID { text += ";Lineage=\(lineage.text)" }
        injector.inject(text, forKey: Self.header.lowercased, into: &carrier)
    }

    /// `Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled={0|1|?};Lineage=…`
    static func parse(_ text: Substring) -> (TraceContext, lineage: String?)? {
        guard text.utf8.count <= maximumLength else { return nil }
        var context = TraceContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: [], isRemote: true, isDeferred: true)
        var lineage: String?
        for part in text.split(separator: ";") {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let value = part[part.index(after: equals)...].trimmingBlanks()
            switch part[..<equals].trimmingBlanks().lowercased() {
            case "root":
                guard let traceID = traceID(value) else { return nil }
                context.traceID = traceID
            case "parent":
                guard value.utf8.count == 16, let spanID = SpanID(hex: value), spanID.isValid else { return nil }
                context.spanID = spanID
            case "sampled":
                guard value == "0" || value == "1" || value == "?" else { return nil }
                context.isDeferred = value == "?"
                context.flags = value == "1" ? .sampled : []
            case "lineage":
                if Lineage.isValid(value) { lineage = String(value) }
            default: continue
            }
        }
        return context.traceID.isValid ? (context, lineage) : nil
    }

    private static func traceID(_ root: Substring) -> TraceID? {
        let parts = root.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "1", parts[1].utf8.count == 8, parts[2].utf8.count == 24 else { return nil }
        return TraceID(hex: parts[1] + parts[2]).flatMap { $0.isValid ? $0 : nil }
    }

    /// How often a request went through AWS Lambda, which stops endless loops by it.
    private struct Lineage: Sendable {
        var traceID: TraceID
        var text: String

        /// `{0 to 32767}:{8 hex}:{0 to 255}`
        static func isValid(_ text: Substring) -> Bool {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].utf8.count == 8, SpanID(hex: parts[1]) != nil else { return false }
            func isCount(_ text: Substring, upTo limit: Int) -> Bool {
                (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (Int(text) ?? .max) <= limit
            }
            return isCount(parts[0], upTo: 32767) && isCount(parts[2], upTo: 255)
        }
    }

    private enum LineageKey: ServiceContextKey {
        typealias Value = Lineage
        static var nameOverride: String? { "x-ray-lineage" }
    }
}
