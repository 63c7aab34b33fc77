internal import JSONCoding
public import TraceModel

/// What a request held: the usable spans, and how many were refused one by one.
///
/// A span without valid ids cannot be stored or found. It is refused alone, so that the rest of its batch survives
/// (OTLP specification, "Partial Success").
public struct DecodedSpans: Sendable {
    /// The spans with valid ids, grouped as they were sent.
    public var batch: SpanBatch
    /// How many spans were left out.
    public var rejectedSpanCount: Int
    /// Why, naming the first span that was left out; empty when none was.
    public var rejectionMessage: String

    /// A decoded request.
    public init(batch: SpanBatch, rejectedSpanCount: Int = 0, rejectionMessage: String = "") {
        self.batch = batch
        self.rejectedSpanCount = rejectedSpanCount
        self.rejectionMessage = rejectionMessage
    }
}

/// Counts refused spans and remembers the reason of the first.
struct Rejections {
    private(set) var count = 0
    private(set) var firstReason = ""
    /// What the decoder threw about the first span that it could not read.
    private(set) var firstError: (any Error)?

    mutating func add(span name: String, _ problem: String) {
        count += 1
        if firstReason.isEmpty { firstReason = "span '\(name.prefix(120))' has \(problem)" }
    }

    mutating func add(span name: String, _ error: any Error, _ reason: String) {
        if firstError == nil { firstError = error }
        add(span: name, "fields that cannot be read: \(reason)")
    }

    /// Why a span cannot be read whose neighbours can; `nil` for an error that is the whole request's.
    static func reason(_ error: any Error) -> String? {
        switch error {
        case let error as WireError where error.code != .tooLarge: error.message
        case let error as JSONError where error.code == .typeMismatch || error.code == .outOfRange: "\(error.message) (byte \(error.offset))"
        default: nil
        }
    }

    var message: String {
        switch count {
        case 0: ""
        case 1: "1 span rejected: \(firstReason)"
        default: "\(count) spans rejected; the first: \(firstReason)"
        }
    }
}

/// What is wrong with an id of a span, found while its fields are read.
enum IDProblem {
    case none
    case traceID(String)
    case spanID(String)
    case parentSpanID(String)

    /// Why the span cannot be kept, or `nil`.
    func text(for span: borrowing Span) -> String? {
        switch self {
        case .parentSpanID(let found): return "parent span id \(found), expected 8 bytes or none"
        case .none, .traceID, .spanID: break
        }
        if !span.traceID.isValid {
            if case .traceID(let found) = self { return Self.traceIDText(found) }
            return Self.traceIDText("missing or all zero")
        }
        if !span.spanID.isValid {
            if case .spanID(let found) = self { return Self.spanIDText(found) }
            return Self.spanIDText("missing or all zero")
        }
        return nil
    }

    private static func traceIDText(_ found: String) -> String {
        "trace id \(found), expected 16 bytes that are not all zero"
    }

    private static func spanIDText(_ found: String) -> String {
        "span id \(found), expected 8 bytes that are not all zero"
    }
}
