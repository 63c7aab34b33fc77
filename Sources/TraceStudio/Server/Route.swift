internal import HTTPTypes
internal import Hummingbird

/// A path of a query API, and who answers it.
struct Route: Sendable {
    private enum Part: Sendable {
        case literal(String)
        /// `{name}`: any one part.
        case parameter
        /// `**`: whatever is left, also nothing.
        case rest
    }

    let method: HTTPRequest.Method
    let answer: @Sendable (APIRequest) async throws -> Response
    private let parts: [Part]

    /// - Parameters:
    ///   - method: a `GET` route answers `HEAD`, too.
    ///   - path: for example `/api/traces/{id}`; `**` at the end stands for any further parts.
    init(_ method: HTTPRequest.Method, _ path: String, answer: @escaping @Sendable (APIRequest) async throws -> Response) {
        self.method = method
        self.answer = answer
        parts = path.split(separator: "/").map { part in
            part == "**" ? .rest : part.hasPrefix("{") ? .parameter : .literal(String(part))
        }
    }

    /// A `GET` route.
    init(_ path: String, answer: @escaping @Sendable (APIRequest) async throws -> Response) {
        self.init(.get, path, answer: answer)
    }

    /// What the path has in the places of the parameters; `nil` when it is another path.
    func match(_ path: [String]) -> [String]? {
        var parameters: [String] = []
        var position = 0
        for part in parts {
            if case .rest = part { return parameters + path[position...] }
            guard position < path.count else { return nil }
            switch part {
            case .literal(let text): guard path[position] == text else { return nil }
            case .parameter: parameters.append(path[position])
            case .rest: break
            }
            position += 1
        }
        return position == path.count ? parameters : nil
    }
}

/// One of the query APIs: its paths, and how it words its errors.
protocol QueryAPI: Sendable {
    var routes: [Route] { get }

    /// The answer to a request that failed.
    func failure(_ error: APIError, _ request: Request) -> Response
}
