/// A finished operation: OTLP's `Span` (opentelemetry/proto/trace/v1/trace.proto). The one span model everywhere in the project.
public struct Span: Hashable, Sendable {
    public var traceID: TraceID
    public var spanID: SpanID
    /// `nil` for a root span.
    public var parentSpanID: SpanID?
    /// W3C `tracestate` as it was received; empty when there is none.
    public var traceState: String
    /// OTLP flags: bits 0 to 7 are the W3C trace flags, 0x100 says that 0x200 (parent is remote) is meaningful.
    public var flags: UInt32
    public var name: String
    public var kind: SpanKind
    /// Nanoseconds since the Unix epoch.
    public var startTime: UInt64
    /// Nanoseconds since the Unix epoch.
    public var endTime: UInt64
    public var attributes: [Attribute]
    public var droppedAttributesCount: UInt32
    public var events: [SpanEvent]
    public var droppedEventsCount: UInt32
    public var links: [SpanLink]
    public var droppedLinksCount: UInt32
    public var status: SpanStatus

    public init(
        traceID: TraceID,
        spanID: SpanID,
        parentSpanID: SpanID? = nil,
        traceState: String = "",
        flags: UInt32 = 0,
        name: String,
        kind: SpanKind = .internal,
        startTime: UInt64,
        endTime: UInt64,
        attributes: [Attribute] = [],
        droppedAttributesCount: UInt32 = 0,
        events: [SpanEvent] = [],
        droppedEventsCount: UInt32 = 0,
        links: [SpanLink] = [],
        droppedLinksCount: UInt32 = 0,
        status: SpanStatus = SpanStatus()
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentSpanID = parentSpanID
        self.traceState = traceState
        self.flags = flags
        self.name = name
        self.kind = kind
        self.startTime = startTime
        self.endTime = endTime
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.events = events
        self.droppedEventsCount = droppedEventsCount
        self.links = links
        self.droppedLinksCount = droppedLinksCount
        self.status = status
    }

    /// Nanoseconds from start to end; 0 when a broken clock put the end first.
    @inlinable public var duration: UInt64 { endTime > startTime ? endTime - startTime : 0 }
}

/// OTLP `Span.SpanKind`; the raw values are the field values.
public enum SpanKind: UInt8, Hashable, Sendable, CaseIterable {
    case unspecified = 0
    case `internal` = 1
    case server = 2
    case client = 3
    case producer = 4
    case consumer = 5
}

/// OTLP `Status`.
public struct SpanStatus: Hashable, Sendable {
    /// OTLP `Status.StatusCode`; the raw values are the field values.
    public enum Code: UInt8, Hashable, Sendable {
        case unset = 0
        case ok = 1
        case error = 2
    }

    public var code: Code
    /// What went wrong, for people; only meaningful with `.error`.
    public var message: String

    @inlinable
    public init(code: Code = .unset, message: String = "") {
        self.code = code
        self.message = message
    }

    public static func error(_ message: String) -> SpanStatus { SpanStatus(code: .error, message: message) }
}

/// Something that happened at one moment within a span: OTLP `Span.Event`.
public struct SpanEvent: Hashable, Sendable {
    /// Nanoseconds since the Unix epoch.
    public var time: UInt64
    public var name: String
    public var attributes: [Attribute]
    public var droppedAttributesCount: UInt32

    @inlinable
    public init(time: UInt64, name: String, attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0) {
        self.time = time
        self.name = name
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
    }
}

/// A reference to a span that is not the parent: OTLP `Span.Link`.
public struct SpanLink: Hashable, Sendable {
    public var traceID: TraceID
    public var spanID: SpanID
    public var traceState: String
    public var attributes: [Attribute]
    public var droppedAttributesCount: UInt32
    public var flags: UInt32

    public init(
        traceID: TraceID,
        spanID: SpanID,
        traceState: String = "",
        attributes: [Attribute] = [],
        droppedAttributesCount: UInt32 = 0,
        flags: UInt32 = 0
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.flags = flags
    }
}
