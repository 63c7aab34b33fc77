/// What travels from a caller to a callee: OpenTelemetry's `SpanContext`.
public struct TraceContext: Hashable, Sendable {
    public var traceID: TraceID
    public var spanID: SpanID
    public var flags: TraceFlags
    /// W3C `tracestate`, already checked and normalised; empty when there is none.
    public var traceState: String
    /// The context came from another process.
    public var isRemote: Bool
    /// The trace is to be kept whatever the load: the debug flag of B3 and Jaeger, which travels on.
    public var isDebug: Bool
    /// The caller leaves the decision to the receiver (B3 without a sampling state, X-Ray without `Sampled`): the sampled flag
    /// says nothing.
    public var isDeferred: Bool

    @inlinable
    public init(
        traceID: TraceID,
        spanID: SpanID,
        flags: TraceFlags,
        traceState: String = "",
        isRemote: Bool = false,
        isDebug: Bool = false,
        isDeferred: Bool = false
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.traceState = traceState
        self.isRemote = isRemote
        self.isDebug = isDebug
        self.isDeferred = isDeferred
    }

    @inlinable public var isValid: Bool { traceID.isValid && spanID.isValid }
    @inlinable public var isSampled: Bool { flags.contains(.sampled) }

    /// What the caller decided about the trace; `nil` when it has not.
    ///
    /// Some formats carry a decision without ids (B3's `b3: 0`): a remote context whose ids are zero. The receiver starts a new
    /// trace then, and the decision counts for it.
    @inlinable public var decision: Bool? {
        guard !isDeferred, isValid || isRemote else { return nil }
        return isSampled
    }
}

/// W3C trace flags (Trace Context Level 2, "trace-flags").
public struct TraceFlags: OptionSet, Hashable, Sendable {
    public var rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Reads one or two hex digits of any case.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count <= 2, let value = SpanID(hex: hex)?.value else { return nil }
        self.init(rawValue: UInt8(value))
    }

    public static let sampled = TraceFlags(rawValue: 0x01)
    /// The low 56 bits of the trace id are random.
    public static let random = TraceFlags(rawValue: 0x02)
    /// The flags that Level 2 defines; the others are reserved and sent as zero.
    public static let defined: TraceFlags = [.sampled, .random]
}
