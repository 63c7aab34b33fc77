/// What travels from a caller to a callee: OpenTelemetry's `SpanContext`.
public struct TraceContext: Hashable, Sendable {
    public var traceID: TraceID
    public var spanID: SpanID
    public var flags: TraceFlags
    /// W3C `tracestate`, already checked and normalised; empty when there is none.
    public var traceState: String
    /// The context came from another process.
    public var isRemote: Bool

    @inlinable
    public init(traceID: TraceID, spanID: SpanID, flags: TraceFlags, traceState: String = "", isRemote: Bool = false) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.traceState = traceState
        self.isRemote = isRemote
    }

    @inlinable public var isValid: Bool { traceID.isValid && spanID.isValid }
    @inlinable public var isSampled: Bool { flags.contains(.sampled) }
}

/// W3C trace flags (Trace Context Level 2, "trace-flags").
public struct TraceFlags: OptionSet, Hashable, Sendable {
    public var rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let sampled = TraceFlags(rawValue: 0x01)
    /// The low 56 bits of the trace id are random.
    public static let random = TraceFlags(rawValue: 0x02)
}
