internal import HTTPTypes
public import Hummingbird
public import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel
internal import Tracing
internal import TracingConventions

/// Makes a server span for each request of a Hummingbird router, as a part of the caller's trace.
///
/// ```swift
/// let tracing = try bootstrap()
/// let router = Router()
/// router.add(middleware: NeedletailTracingMiddleware(tracing))
/// ```
///
/// Add it first: what runs after it, and the handlers, are within the span, so that `withSpan` there makes children of it.
/// The span has the name `GET /users/{id}` and the attributes of the stable HTTP semantic conventions. It ends when the last
/// byte of the response is written, also of a streamed one. A request that matches no route has the bare
/// name `GET`.
///
/// A status of 500 and above, and any error that is no `HTTPResponseError`, fails the span; the latter is recorded as an
/// `exception` event. Headers are recorded only when asked for. A request that is not sampled costs the decision; its
/// context travels on all the same. For tracers of other libraries use Hummingbird's own `TracingMiddleware`, and never
/// both.
public struct NeedletailTracingMiddleware<Context: RequestContext>: RouterMiddleware {
    private let tracer: NeedletailTracer?
    private let excludedURLs: ExcludedURLs?
    private let configuration: HummingbirdTracingConfiguration
    private let conventions: HTTPConventions

    /// Traces with the tracer and the excluded URLs of a system.
    public init(_ system: TracingSystem, configuration: HummingbirdTracingConfiguration = HummingbirdTracingConfiguration()) {
        self.init(tracer: system.tracer, excludedURLs: system.excludedURLs, configuration: configuration)
    }

    /// Traces with a tracer.
    ///
    /// - Parameters:
    ///   - tracer: `nil` takes the one that is active when a request comes (``NeedletailTracing/NeedletailTracer/active``);
    ///     without one, requests are not traced.
    ///   - excludedURLs: requests to these get no span and no context. They are matched with `scheme://host:port/path`, where
    ///     the host is what the caller wrote into `Host`.
    public init(
        tracer: NeedletailTracer? = nil,
        excludedURLs: ExcludedURLs = ExcludedURLs(),
        configuration: HummingbirdTracingConfiguration = HummingbirdTracingConfiguration()
    ) {
        self.tracer = tracer
        self.excludedURLs = excludedURLs.patterns.isEmpty ? nil : excludedURLs
        self.configuration = configuration
        self.conventions = configuration.conventions
    }

    public func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let tracer = tracer ?? NeedletailTracer.active, !isExcluded(request) else { return try await next(request, context) }
        var base = ServiceContext.current ?? .topLevel
        tracer.extract(request.headers, into: &base, using: HTTPFieldsExtractor())
        // Hummingbird's router knows the route before it runs the middleware; its router builder does not.
        let name = conventions.spanName(method: request.method.rawValue, route: Self.route(of: context))
        let span = tracer.startSpan(name, parent: base.traceContext, kind: .server, base: base)
        if span.isRecording { span.setAttributes(conventions.attributes(of: describe(request, context: context))) }
        return try await run(request, context: context, span: span, next: next)
    }

    private func run(
        _ request: Request,
        context: Context,
        span: NeedletailSpan,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let lease = span.isRecording ? SpanLease(span) : nil
        let serviceContext = span.context
        var response: Response
        do {
            response = try await ServiceContext.withValue(serviceContext) { try await next(request, context) }
        } catch {
            if let lease { fail(lease, error: error, method: request.method, context: context) }
            throw withTraceID(error, span: span)
        }
        if let name = configuration.traceIDResponseHeader { response.headers[name] = span.traceContext.traceID.description }
        if let lease {
            record(response, on: span, method: request.method, context: context)
            response.body = response.body.leasing(lease, in: serviceContext)
        } else if response.body.contentLength == nil {
            // A stream may start spans of its own. A body of known length is left as it is, for Hummingbird's quick way.
            response.body = response.body.running(in: serviceContext)
        }
        return response
    }

    // MARK: What spans tell

    private func describe(_ request: Request, context: Context) -> HTTPServerRequest {
        var facts = HTTPServerRequest(method: request.method.rawValue, scheme: scheme(of: request), path: request.uri.path)
        facts.query = request.uri.query
        facts.route = Self.route(of: context)
        facts.server = request.head.authority.flatMap { NetworkEndpoint(authority: $0) }
        if let address = (context as? any RemoteAddressRequestContext)?.remoteAddress {
            facts.peer = NetworkEndpoint(address)
            facts.client = facts.peer
        }
        if configuration.trustsForwardedHeaders {
            let forwarded = ForwardedHeaders { name in HTTPField.Name(name).map { request.headers[values: $0] } ?? [] }
            if let client = forwarded.client { facts.client = client }
            if let scheme = forwarded.scheme { facts.scheme = scheme }
            if let server = forwarded.server { facts.server = server }
        }
        facts.userAgent = request.headers[.userAgent]
        if conventions.recordsBodySizes { facts.bodySize = request.headers[.contentLength].flatMap { Int($0) } }
        var captured: [Attribute] = []
        conventions.requestHeaders.append(to: &captured) { name in HTTPField.Name(name).map { request.headers[values: $0] } ?? [] }
        facts.capturedHeaders = captured
        return facts
    }

    private func record(_ response: Response, on span: NeedletailSpan, method: HTTPRequest.Method, context: Context) {
        nameRoute(on: span, method: method, context: context)
        var list: [Attribute] = []
        let code = response.status.code
        conventions.appendStatus(code, kind: .server, to: &list)
        conventions.responseHeaders.append(to: &list) { name in HTTPField.Name(name).map { response.headers[values: $0] } ?? [] }
        if conventions.recordsBodySizes, let size = response.body.contentLength {
            list.append(Attribute("http.response.body.size", .int(Int64(size))))
        }
        span.setAttributes(list)
        if HTTPConventions.isError(status: code, kind: .server) { span.setError() }
    }

    private func fail(_ lease: SpanLease, error: any Error, method: HTTPRequest.Method, context: Context) {
        nameRoute(on: lease.span, method: method, context: context)
        var list: [Attribute] = []
        let answer = error as? any HTTPResponseError
        let code = answer?.status.code ?? HTTPResponse.Status.internalServerError.code
        conventions.appendStatus(code, kind: .server, to: &list)
        if answer == nil { list[list.count - 1] = Attribute("error.type", .string(ErrorType.name(of: error))) }
        if HTTPConventions.isError(status: code, kind: .server) {
            lease.fail(error, attributes: list)
        } else {
            lease.end(attributes: list)
        }
    }

    /// The route, for a router that found it only while the request ran.
    private func nameRoute(on span: NeedletailSpan, method: HTTPRequest.Method, context: Context) {
        guard let route = Self.route(of: context) else { return }
        let name = conventions.spanName(method: method.rawValue, route: route)
        guard span.operationName == conventions.spanName(method: method.rawValue) else { return }
        span.updateName(name)
        span.setAttribute("http.route", .string(route))
    }

    // MARK: Parts of the request

    private func isExcluded(_ request: Request) -> Bool {
        guard let excludedURLs else { return false }
        return excludedURLs.contains("\(scheme(of: request))://\(request.head.authority ?? "")\(request.uri.path)")
    }

    private func scheme(of request: Request) -> String { configuration.scheme ?? request.head.scheme ?? "http" }

    /// Hummingbird puts names such as `NotFound` where there is no route; those of routes begin with a slash.
    private static func route(of context: Context) -> String? {
        guard let path = context.endpointPath, path.utf8.first == UInt8(ascii: "/") else { return nil }
        return path
    }

    private func withTraceID(_ error: any Error, span: NeedletailSpan) -> any Error {
        guard let name = configuration.traceIDResponseHeader, var answer = error as? HTTPError else { return error }
        answer.headers[name] = span.traceContext.traceID.description
        return answer
    }
}
