internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import TraceCollector
internal import TraceStore

/// Finds the answer for each path of ``TraceStudioServer``.
struct StudioResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    private let jaeger: JaegerAPI
    private let userInterface: UserInterfaceAPI
    private let assets: StaticAssets
    private let logger: Logger

    init(store: any TraceStore, ingest: SpanIngest?, live: LiveFeed? = nil, logger: Logger, clock: @escaping @Sendable () -> UInt64) {
        self.jaeger = JaegerAPI(store: store, clock: clock)
        self.userInterface = UserInterfaceAPI(store: store, ingest: ingest, clock: clock)
        self.assets = StaticAssets(WebAssets.files)
        self.logger = logger
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return Response(
                status: .methodNotAllowed,
                headers: [.allow: "GET, HEAD", .contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "405 method not allowed, supported: [GET, HEAD]\n"))
            )
        }
        let response = await route(request)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func route(_ request: Request) async -> Response {
        let path = Self.segments(request.uri.path)
        guard path.first == "api" else { return assets.response(path: path, request: request) }
        let items = QueryItems(request.uri.query)
        let isUserInterface = path.count > 1 && path[1] == "ui"
        do {
            if isUserInterface {
                if let body = try await userInterface.answer(path: Array(path.dropFirst(2)), items: items) {
                    return Answer.json(body, for: request)
                }
            } else if let body = try await jaeger.answer(path: Array(path.dropFirst()), items: items) {
                return Answer.json(items["prettyPrint"] == "true" ? JSONPrettyPrinter.indent(body) : body, for: request)
            }
            throw APIError(status: 404, message: "no such API path: \(request.uri.path)")
        } catch {
            return failure(error, isUserInterface: isUserInterface, request: request)
        }
    }

    private func failure(_ error: any Error, isUserInterface: Bool, request: Request) -> Response {
        let known: APIError
        switch error {
        case let error as APIError: known = error
        case let error as BadParameter: known = APIError(status: 400, message: error.message)
        default:
            logger.error("A query failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            known = APIError(status: 500, message: "the trace store could not answer: \(error)")
        }
        let body = Envelope.errors([known])
        // Jaeger sends its errors as JSON bodies under text/plain; some clients look at that.
        let contentType = isUserInterface ? "application/json" : "text/plain; charset=utf-8"
        return Answer.bytes(body, status: .init(code: known.status), contentType: contentType, for: request)
    }

    /// The parts between slashes, decoded; a slash at the end adds nothing.
    static func segments(_ path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: true).map { QueryItems.decoded($0, plusIsBlank: false) }
    }
}

/// An answer that is an error.
struct APIError: Error {
    /// HTTP status code, repeated in the body.
    var status: Int
    var message: String
    /// The trace the error is about, where one of several failed.
    var traceID: String?
}
