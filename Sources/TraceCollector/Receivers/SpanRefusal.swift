internal import TraceWire

/// Why the spans of a request were not taken, in no protocol's words yet.
struct SpanRefusal: Error {
    enum Reason {
        /// The bytes are not what they claim to be.
        case malformed
        /// More than a bound allows.
        case tooLarge
        /// A `Content-Encoding` that cannot be undone.
        case unsupportedEncoding
        /// No room now; the same request may be sent again.
        case overloaded
        /// Not stored now; the same request may be sent again.
        case unavailable
    }

    var reason: Reason
    /// What was wrong and what to do, for people.
    var message: String
    /// When sending again makes sense; `nil` when it never does.
    var retryAfterSeconds: Int?

    init(_ reason: Reason, _ message: String, retryAfterSeconds: Int? = nil) {
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ error: WireError) {
        self.init(error.code == .tooLarge ? .tooLarge : .malformed, error.message)
    }

    init(_ error: IngestError) {
        self.init(error.code == .overloaded ? .overloaded : .unavailable, error.message, retryAfterSeconds: error.retryAfterSeconds)
    }

    /// More bytes than ``ReceiverLimits/maximumRequestSize``.
    ///
    /// - Parameter what: such as `of 70 bytes`.
    static func tooLarge(_ what: String, limit: Int, unit: String = "bytes") -> SpanRefusal {
        SpanRefusal(.tooLarge, "the request \(what) is larger than \(limit) \(unit); send smaller batches")
    }

    /// The request itself is wrong, whenever it is sent.
    var isMalformedRequest: Bool { reason == .malformed || reason == .tooLarge }

    /// The code of `google.rpc.Status`.
    var code: StatusCode {
        switch reason {
        case .malformed, .unsupportedEncoding: .invalidArgument
        case .tooLarge, .overloaded: .resourceExhausted
        case .unavailable: .unavailable
        }
    }
}

/// The codes of `google.rpc.Code` that the receivers answer with.
enum StatusCode: Int32 {
    case invalidArgument = 3
    case resourceExhausted = 8
    case unimplemented = 12
    case unavailable = 14
}
