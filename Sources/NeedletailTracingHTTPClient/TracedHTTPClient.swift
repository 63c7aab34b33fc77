public import AsyncHTTPClient
public import Logging
public import NIOCore
internal import NIOHTTP1
public import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel
internal import Tracing
internal import TracingConventions

/// Makes a client span for each request of an `HTTPClient`, and sends the trace context along.
///
/// ```swift
/// let http = HTTPClient.shared.traced()
/// let response = try await http.execute(HTTPClientRequest(url: "http://127.0.0.1:8081/stock"), timeout: .seconds(5))
/// let body = try await response.body.collect(upTo: 1 << 20)
/// ```
///
/// The span has the name `GET` and the attributes of the stable HTTP semantic conventions; `url.full` comes without
/// credentials and secret parameters. A status of 400 and above fails the span, and so does an error, which is recorded as
/// an `exception` event and rethrown.
///
/// **When the span ends.** With the last byte of the body: when the body has been read, when reading fails, or when nobody
/// holds the response any more. An answer without a body ends it at once. Redirects that the client follows are within the
/// one span (`http.request.resend_count` says how many); for a retry of your own pass `resendCount`.
///
/// **AsyncHTTPClient's own spans.** From version 1.37 on a client made after the global bootstrap traces by itself
/// (`configuration.tracing`), with fewer attributes, some old names, the whole query, and an end at the headers. Through
/// `TracedHTTPClient` such a client makes no second span; other calls of it go on as before. Use this type for all requests
/// that you write, and the client's own tracing for libraries that you cannot change. A client that was given a tracer of
/// another library keeps that one and gets no span from here.
public struct TracedHTTPClient: Sendable {
    /// The client that sends the requests.
    public let client: HTTPClient
    private let tracer: NeedletailTracer?
    private let conventions: HTTPConventions

    /// - Parameter tracer: `nil` takes the one that is active when a request is made
    ///   (``NeedletailTracing/NeedletailTracer/active``); without one, requests are sent untraced.
    public init(
        _ client: HTTPClient,
        tracer: NeedletailTracer? = nil,
        configuration: HTTPClientTracingConfiguration = HTTPClientTracingConfiguration()
    ) {
        self.client = client
        self.tracer = tracer
        self.conventions = configuration.conventions
    }

    /// Sends a request and returns when the headers of the answer are here; the body may still be on its way.
    ///
    /// - Parameters:
    ///   - timeout: for the whole exchange up to the headers.
    ///   - resendCount: how often this request was sent before: 1 at the first retry.
    ///   - logger: `nil` logs nothing.
    public func execute(
        _ request: HTTPClientRequest,
        timeout: TimeAmount,
        resendCount: Int = 0,
        logger: Logger? = nil
    ) async throws -> HTTPClientResponse {
        try await execute(request, deadline: .now() + timeout, resendCount: resendCount, logger: logger)
    }

    /// Sends a request and returns when the headers of the answer are here; the body may still be on its way.
    ///
    /// - Parameters:
    ///   - deadline: by which the headers must be here.
    ///   - resendCount: how often this request was sent before: 1 at the first retry.
    ///   - logger: `nil` logs nothing.
    public func execute(
        _ request: HTTPClientRequest,
        deadline: NIODeadline,
        resendCount: Int = 0,
        logger: Logger? = nil
    ) async throws -> HTTPClientResponse {
        guard let tracer = tracer ?? NeedletailTracer.active, !belongsToAnotherTracer else {
            return try await client.execute(request, deadline: deadline, logger: logger)
        }
        let base = ServiceContext.current ?? .topLevel
        if base.isSuppressingSpans { return try await client.execute(request, deadline: deadline, logger: logger) }
        let span = tracer.startSpan(conventions.spanName(method: request.method.rawValue), parent: base.traceContext, kind: .client, base: base)
        let lease = span.isRecording ? SpanLease(span) : nil
        lease?.span.setAttributes(describe(request, resendCount: resendCount))
        let context = span.context
        do {
            let response = try await send(request, in: context, tracer: tracer, deadline: deadline, logger: logger)
            return lease.map { record(response, to: request, resendCount: resendCount, on: $0) } ?? response
        } catch {
            lease?.fail(error, attributes: [Attribute("error.type", .string(error.errorType))])
            throw error
        }
    }

    private func send(
        _ request: HTTPClientRequest,
        in context: ServiceContext,
        tracer: NeedletailTracer,
        deadline: NIODeadline,
        logger: Logger?
    ) async throws -> HTTPClientResponse {
        var request = request
        var headers = HTTPHeaders()
        tracer.inject(context, into: &headers, using: HTTPHeadersInjector())
        for header in headers { request.headers.remove(name: header.name) }
        // A client with a tracer of its own adds the headers itself, from the service context.
        if !(client.tracer is NeedletailTracer) { request.headers.add(contentsOf: headers) }
        return try await ServiceContext.withValue(context.suppressingSpans) { [request] in
            try await client.execute(request, deadline: deadline, logger: logger)
        }
    }

    /// Two spans for one request help nobody.
    private var belongsToAnotherTracer: Bool {
        guard let own = client.tracer else { return false }
        return !(own is NeedletailTracer || own is NoOpTracer)
    }

    // MARK: What spans tell

    private func describe(_ request: HTTPClientRequest, resendCount: Int) -> [Attribute] {
        var list = conventions.attributes(
            ofRequestTo: HTTPURL(request.url, redacting: conventions.sensitiveQuery),
            method: request.method.rawValue,
            bodySize: request.headers.first(name: "content-length").flatMap { Int($0) },
            resendCount: resendCount
        )
        conventions.requestHeaders.append(to: &list) { request.headers[$0] }
        return list
    }

    private func record(
        _ response: HTTPClientResponse,
        to request: HTTPClientRequest,
        resendCount: Int,
        on lease: SpanLease
    ) -> HTTPClientResponse {
        var list = [Attribute("network.protocol.version", .string(Self.text(response.version)))]
        let code = Int(response.status.code)
        conventions.appendStatus(code, kind: .client, to: &list)
        let redirects = response.history.count - 1
        if redirects > 0 { list.append(Attribute("http.request.resend_count", .int(Int64(resendCount + redirects)))) }
        conventions.responseHeaders.append(to: &list) { response.headers[$0] }
        lease.span.setAttributes(list)
        if HTTPConventions.isError(status: code, kind: .client) { lease.span.setError() }
        guard Self.hasBody(response, method: request.method) else {
            lease.end()
            return response
        }
        var response = response
        response.body = .stream(TracedResponseBody(body: response.body, lease: lease, recordsSize: conventions.recordsBodySizes))
        return response
    }

    private static func hasBody(_ response: HTTPClientResponse, method: HTTPMethod) -> Bool {
        let method = response.history.last?.request.method ?? method
        if method == .HEAD || response.status == .noContent || response.status == .notModified { return false }
        return response.headers.first(name: "content-length") != "0"
    }

    private static func text(_ version: HTTPVersion) -> String {
        version.major == 1 ? "\(version.major).\(version.minor)" : "\(version.major)"
    }
}
