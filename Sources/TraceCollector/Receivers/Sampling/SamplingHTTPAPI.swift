internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import TraceModel

/// Jaeger's sampling API over HTTP, the same on its agent's, its collector's and its own port.
struct SamplingHTTPAPI: Sendable {
    let strategies: SamplingStrategies

    /// The strategy of the service that `?service=` names.
    ///
    /// - Parameter isLegacy: types as numbers.
    func sampling(_ request: Request, isLegacy: Bool) -> Response {
        guard let service = Self.service(of: request) else { return Self.missingService }
        return json(strategies.strategy(for: service).json(isLegacy: isLegacy))
    }

    /// No service has a restriction.
    func baggageRestrictions(_ request: Request) -> Response {
        Self.service(of: request) == nil ? Self.missingService : json(Array("[]".utf8))
    }

    /// Jaeger's own words.
    private static var missingService: Response { .text(.badRequest, "'service' parameter must be provided once\n") }

    private static func service(of request: Request) -> String? {
        let values = (request.uri.query ?? "").split(separator: "&").compactMap { pair -> String? in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == "service" else { return nil }
            let value = parts.count > 1 ? parts[1].replacing("+", with: " ") : ""
            return value.percentDecoded() ?? String(value)
        }
        return values.count == 1 ? values[0] : nil
    }

    private func json(_ body: [UInt8]) -> Response {
        Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
