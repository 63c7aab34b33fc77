internal import AsyncHTTPClient
internal import NIOSSL

/// Why one HTTP request did not succeed.
enum HTTPRequestFailure: ExportRequestFailure {
    case status(UInt, reason: String, body: [UInt8], retryAfter: Duration?, location: String?)
    case transport(any Error)
    /// The receiver's certificate, or ours, is not accepted.
    case tls(any Error)
    /// Bytes came back that are no HTTP.
    case notHTTP
    case timedOut
    case cancelled
    case shutDown

    init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError: self = Self(error)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self = .tls(error)
        default: self = String(reflecting: type(of: error)).hasSuffix("HTTPParserError") ? .notHTTP : .transport(error)
        }
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .cancelled: self = .cancelled
        case .deadlineExceeded, .readTimeout, .writeTimeout: self = .timedOut
        case .alreadyShutdown: self = .shutDown
        default: self = .transport(error)
        }
    }

    /// OTLP/HTTP, "Failures": four status codes, connects that failed and connections closed without an answer.
    var isRetryable: Bool {
        switch self {
        case .status(let code, _, _, _, _): code == 429 || (502...504).contains(code)
        case .transport: true
        case .tls(let error): TLSFailure.isRetryable(error)
        case .notHTTP, .timedOut, .cancelled, .shutDown: false
        }
    }

    var isUnreachable: Bool {
        if case .transport = self { true } else { false }
    }

    var retryAfter: Duration? {
        if case .status(_, _, _, let retryAfter, _) = self { retryAfter } else { nil }
    }

    func error(endpoint: HTTPEndpoint, names: ExporterNames, attempts: Int) -> any Error {
        let tries = attempts == 1 ? "" : " after \(attempts) attempts"
        switch self {
        case .status(let code, let reason, let body, _, let location):
            let words = Self.excerpt(body)
            return SpanExportError(
                code: isRetryable ? .unavailable : .refused,
                message: "\(endpoint) answered \(code) \(reason)\(tries)\(words.isEmpty ? "" : ": \(words)")"
                    + Self.advice(code, location: location, names),
                retryAfter: retryAfter
            )
        case .transport(let error):
            return SpanExportError(
                code: .unavailable,
                message: "\(endpoint) cannot be reached\(tries): \(error); does a trace receiver listen there?"
            )
        case .tls(let error):
            let reason = TLSFailure.explain(error, names)
            return SpanExportError(code: .unavailable, message: "TLS with \(endpoint) failed\(tries): \(reason)")
        case .notHTTP:
            return SpanExportError(
                code: .refused,
                message: "\(endpoint) answered\(tries) with something that is not HTTP; \(names.otherProtocol)"
            )
        case .timedOut:
            return SpanExportError(code: .timedOut, message: "\(endpoint) gave no answer in time\(tries) (\(names.timeout))")
        case .cancelled: return CancellationError()
        case .shutDown: return SpanExportError(code: .shutDown, message: "the exporter for \(endpoint) was shut down")
        }
    }

    /// What to do about a refusal.
    private static func advice(_ code: UInt, location: String?, _ names: ExporterNames) -> String {
        switch code {
        case 300..<400:
            "; redirects are not followed\(location.map { ", it points to \(excerpt(Array($0.utf8)))" } ?? "") (\(names.endpoint))"
        case 401, 403: "; is the right key in the headers (\(names.headers))?"
        case 404, 405: "; is the path right (\(names.endpoint), for instance \(names.endpointExample))?"
        case 413: "; make batches smaller (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)"
        case 415: "; \(names.otherProtocol)"
        default: ""
        }
    }

    /// The readable part of an answer, on one line: the text of a JSON or protobuf `google.rpc.Status` shows through.
    private static func excerpt(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(512), as: UTF8.self)
        let printable = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f || $0 == "\u{fffd}" ? " " : Character($0) }
        return String(printable).split(separator: " ").joined(separator: " ")
    }
}
