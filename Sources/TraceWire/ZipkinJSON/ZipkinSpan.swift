internal import TraceModel

/// A span as Zipkin has it, in any of its encodings (zipkin-api, `zipkin2-api.yaml`, "Span").
struct ZipkinSpan {
    var traceID = TraceID(high: 0, low: 0)
    var spanID = SpanID(0)
    var parentSpanID: SpanID?
    var name = ""
    /// `nil`: the span has no kind.
    var kind: SpanKind?
    /// Microseconds since the Unix epoch; `nil` when it is absent.
    var timestamp: UInt64?
    /// Microseconds.
    var duration: UInt64?
    var localEndpoint = ZipkinEndpoint()
    var remoteEndpoint = ZipkinEndpoint()
    var annotations: [ZipkinAnnotation] = []
    /// The tags: strings, unless a sender broke the rule.
    var tags: [Attribute] = []
    /// The tags are in the order in which the sender wrote them; protobuf's maps have none.
    var hasOrderedTags = true
    var isDebug = false
    var isShared = false
    /// Members that Zipkin does not define.
    var others: [Attribute] = []
    /// Why the span cannot be kept; the first reason found.
    private(set) var problem: String?

    mutating func refuse(_ problem: String) {
        if self.problem == nil { self.problem = problem }
    }

    /// The largest time in microseconds that nanoseconds can hold.
    static let maximumTime = UInt64.max / 1000

    // MARK: Ids

    mutating func setTraceID(_ text: some StringProtocol) {
        guard let id = TraceID(hex: text), id.isValid else {
            return refuse("trace id '\(text.prefix(40))', expected 16 or 32 hexadecimal digits that are not all zero")
        }
        traceID = id
    }

    mutating func setSpanID(_ text: some StringProtocol) {
        guard let id = SpanID(hex: text), id.isValid else {
            return refuse("span id '\(text.prefix(40))', expected 16 hexadecimal digits that are not all zero")
        }
        spanID = id
    }

    /// No digits and all zero both mean a root span.
    mutating func setParentSpanID(_ text: some StringProtocol) {
        if text.isEmpty { return }
        guard let id = SpanID(hex: text) else {
            return refuse("parent span id '\(text.prefix(40))', expected 16 hexadecimal digits or none")
        }
        parentSpanID = id.isValid ? id : nil
    }

    /// A name of zipkin-api's `Span.Kind` in any letter case.
    static func kind(_ text: String) -> SpanKind? {
        switch text.uppercased() {
        case "CLIENT": .client
        case "SERVER": .server
        case "PRODUCER": .producer
        case "CONSUMER": .consumer
        case "INTERNAL": .internal
        default: nil
        }
    }
}

/// zipkin-api's `Endpoint`; every field may be absent.
struct ZipkinEndpoint: Hashable {
    var serviceName = ""
    /// Dotted decimal.
    var ipv4 = ""
    var ipv6 = ""
    /// 0: absent.
    var port: UInt16 = 0

    var isEmpty: Bool { serviceName.isEmpty && ipv4.isEmpty && ipv6.isEmpty && port == 0 }
}

/// zipkin-api's `Annotation`.
struct ZipkinAnnotation {
    /// Microseconds since the Unix epoch.
    var timestamp: UInt64
    var value: String
}
