internal import GRPCCore
internal import NIOSSL
internal import TraceWire

/// Why one gRPC call did not succeed.
enum GRPCRequestFailure: ExportRequestFailure {
    /// The receiver answered with a status other than OK.
    case status(RPCError.Code, message: String, retry: RPCStatusDetails.RetryInfo?)
    /// There was no answer.
    case transport(any Error)
    /// The receiver's certificate, or ours, is not accepted.
    case tls(any Error)
    case timedOut
    case cancelled
    case shutDown

    /// - Parameters:
    ///   - isCancelled: the task that called is cancelled.
    ///   - isTimedOut: the time of the call is over.
    init(_ error: any Error, isCancelled: Bool, isTimedOut: Bool) {
        if isCancelled {
            self = .cancelled
        } else if isTimedOut {
            self = .timedOut
        } else if let error = error as? RPCError, !Self.isLocal(error) {
            let details = error.metadata[binaryValues: "grpc-status-details-bin"].first { _ in true }
            self = .status(error.code, message: error.message, retry: details.flatMap(RPCStatusDetails.retryInfo))
        } else if let cause = Self.tlsError(error) {
            self = .tls(cause)
        } else {
            self = .transport(error)
        }
    }

    /// The transport itself says so: an answer always brings trailers along.
    private static func isLocal(_ error: RPCError) -> Bool {
        error.cause != nil || (error.code == .unavailable && error.metadata.isEmpty)
    }

    private static func tlsError(_ error: any Error) -> (any Error)? {
        var next: (any Error)? = error
        while let current = next {
            if current is NIOSSLError || current is BoringSSLError || current is NIOSSLExtraError { return current }
            next = (current as? RPCError)?.cause ?? (current as? RuntimeError)?.cause
        }
        return nil
    }

    private static let passing: [RPCError.Code] = [.cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss]

    /// OTLP/gRPC, "Failures": the codes that may pass, and RESOURCE_EXHAUSTED when the receiver says when to come back.
    var isRetryable: Bool {
        switch self {
        case .status(.resourceExhausted, _, let retry): retry != nil
        case .status(let code, _, _): Self.passing.contains(code)
        case .transport: true
        case .tls(let error): TLSFailure.isRetryable(error)
        case .timedOut, .cancelled, .shutDown: false
        }
    }

    var isUnreachable: Bool {
        if case .transport = self { true } else { false }
    }

    var retryAfter: Duration? {
        // A delay of zero is no reason to hammer: the back-off decides.
        if case .status(_, _, let retry?) = self, let delay = retry.delay, delay > .zero { delay } else { nil }
    }

    /// The connection gave no sign of life, so that the next call had better make a new one.
    var isConnectionSuspect: Bool {
        switch self {
        case .transport, .tls, .timedOut, .cancelled: true
        case .status, .shutDown: false
        }
    }

    func error(endpoint: GRPCEndpoint, names: ExporterNames, attempts: Int) -> any Error {
        let tries = attempts == 1 ? "" : " after \(attempts) attempts"
        switch self {
        case .status(let code, let message, _):
            return SpanExportError(
                code: isRetryable ? .unavailable : .refused,
                message: "\(endpoint) answered \(Self.name(code))\(tries)\(message.isEmpty ? "" : ": \(message)")"
                    + Self.advice(code, names),
                retryAfter: retryAfter
            )
        case .transport(let error):
            return SpanExportError(
                code: .unavailable,
                message: "\(endpoint) cannot be reached over gRPC\(tries): \(error); does a trace receiver listen there? "
                    + "(\(names.otherProtocol))"
            )
        case .tls(let error):
            let reason = TLSFailure.explain(error, names)
            return SpanExportError(code: .unavailable, message: "TLS with \(endpoint) failed\(tries): \(reason)")
        case .timedOut:
            return SpanExportError(code: .timedOut, message: "\(endpoint) gave no answer in time\(tries) (\(names.timeout))")
        case .cancelled: return CancellationError()
        case .shutDown: return SpanExportError(code: .shutDown, message: "the exporter for \(endpoint) was shut down")
        }
    }

    /// `RESOURCE_EXHAUSTED`, as gRPC's documentation writes it.
    private static func name(_ code: RPCError.Code) -> String {
        if code == .internalError { return "INTERNAL" }
        return code.description.reduce(into: "") { $0 += $1.isUppercase ? "_\($1)" : $1.uppercased() }
    }

    /// What to do about a refusal.
    private static func advice(_ code: RPCError.Code, _ names: ExporterNames) -> String {
        switch code {
        case .unauthenticated, .permissionDenied: "; is the right key in the headers (\(names.headers))?"
        case .unimplemented:
            "; is it a receiver of \(names.protocolName) traces, and does it know the compression? (\(names.otherProtocol))"
        case .resourceExhausted: "; make batches smaller (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)"
        default: ""
        }
    }
}
