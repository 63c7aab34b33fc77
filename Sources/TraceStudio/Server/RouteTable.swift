internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import TraceQuery

/// All paths of a server. The first route that fits answers, so literal paths stand before those with parameters.
struct RouteTable: Sendable {
    private let entries: [(route: Route, api: any QueryAPI)]
    private let logger: Logger
    private let elsewhere: @Sendable ([String], Request) async -> Response

    /// - Parameter elsewhere: answers `GET` and `HEAD` of paths, taken apart, that no API has.
    init(_ apis: [any QueryAPI], logger: Logger, elsewhere: @escaping @Sendable ([String], Request) async -> Response) {
        entries = apis.flatMap { api in api.routes.map { (route: $0, api: api) } }
        self.logger = logger
        self.elsewhere = elsewhere
    }

    func respond(to request: Request) async -> Response {
        let path = Self.segments(request.uri.path)
        let isHead = request.method == .head
        var allowed: [String] = []
        for (route, api) in entries {
            guard let parameters = route.match(path) else { continue }
            guard route.method == request.method || (isHead && route.method == .get) else {
                for name in [route.method.rawValue] + (route.method == .get ? ["HEAD"] : []) where !allowed.contains(name) { allowed.append(name) }
                continue
            }
            let response = await answer(route, api, APIRequest(head: request, parameters: parameters, items: QueryItems(request.uri.query)))
            return isHead ? response.createHeadResponse() : response
        }
        if allowed.isEmpty {
            guard request.method == .get || isHead else { return Answer.methodNotAllowed(["GET", "HEAD"]) }
            let response = await elsewhere(path, request)
            return isHead ? response.createHeadResponse() : response
        }
        return Answer.methodNotAllowed(allowed)
    }

    private func answer(_ route: Route, _ api: any QueryAPI, _ request: APIRequest) async -> Response {
        do {
            return try await route.answer(request)
        } catch let error as APIError {
            var response = api.failure(error, request.head)
            if let seconds = error.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
            return response
        } catch let error as BadParameter {
            return api.failure(APIError(status: 400, message: error.message, place: error.place), request.head)
        } catch let error as TraceQLError {
            return api.failure(.badRequest("invalid TraceQL query: \(error)"), request.head)
        } catch is CancellationError {
            return api.failure(APIError(status: 503, message: "the query was given up: the client left, or the server stops"), request.head)
        } catch {
            logger.error("A query failed", metadata: ["path": "\(request.head.uri.path)", "error": "\(error)"])
            return api.failure(APIError(status: 500, message: "the trace store could not answer: \(error)"), request.head)
        }
    }

    /// The parts between slashes, decoded; a slash at the end adds nothing.
    static func segments(_ path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: true).map { QueryItems.decoded($0, plusIsBlank: false) }
    }
}
