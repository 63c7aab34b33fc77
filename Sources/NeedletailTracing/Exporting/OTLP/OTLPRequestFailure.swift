internal import AsyncHTTPClient

/// Why one request did not succeed.
enum OTLPRequestFailure: Error {
    case status(UInt, reason: String, body: [UInt8], retryAfter: Duration?)
    case transport(any Error)
    case timedOut
    case cancelled
    case shutDown

    init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError where error == .cancelled: self = .cancelled
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout || error == .writeTimeout: self = .timedOut
        case let error as HTTPClientError where error == .alreadyShutdown: self = .shutDown
        default: self = .transport(error)
        }
    }

    /// OTLP/HTTP, "Failures": four status codes, connects that failed and connections closed without an answer.
    var isRetryable: Bool {
        switch self {
        case .status(let code, _, _, _): code == 429 || (502...504).contains(code)
        case .transport: true
        case .timedOut, .cancelled, .shutDown: false
        }
    }

    var retryAfter: Duration? {
        if case .status(_, _, _, let retryAfter) = self { retryAfter } else { nil }
    }

    func error(endpoint: OTLPEndpoint, attempts: Int) -> any Error {
        let tries = attempts == 1 ? "" : " after \(attempts) attempts"
        switch self {
        case .status(let code, let reason, let body, _):
            let words = Self.excerpt(body)
            return SpanExportError(
                code: isRetryable ? .unavailable : .refused,
                message: "\(endpoint) answered \(code) \(reason)\(tries)\(words.isEmpty ? "" : ": \(words)")"
            )
        case .transport(let error):
            return SpanExportError(
                code: .unavailable,
                message: "\(endpoint) cannot be reached\(tries): \(error); does a trace receiver listen there?"
            )
        case .timedOut:
            return SpanExportError(code: .timedOut, message: "\(endpoint) gave no answer in time\(tries) (OTEL_EXPORTER_OTLP_TIMEOUT)")
        case .cancelled: return CancellationError()
        case .shutDown: return SpanExportError(code: .shutDown, message: "the exporter for \(endpoint) was shut down")
        }
    }

    /// The readable part of an answer, on one line: the text of a JSON or protobuf `google.rpc.Status` shows through.
    private static func excerpt(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(512), as: UTF8.self)
        let printable = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f || $0 == "\u{fffd}" ? " " : Character($0) }
        return String(printable).split(separator: " ").joined(separator: " ")
    }
}
