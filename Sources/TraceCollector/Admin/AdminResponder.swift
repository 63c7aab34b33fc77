internal import HTTPTypes
internal import Hummingbird
internal import JSONCoding
internal import NIOCore
internal import PrometheusMetrics

/// Answers the paths of Jaeger's admin port.
struct AdminResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let health: ServerHealth
    let metrics: @Sendable () async -> [MetricFamily]
    let version: String

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return .text(.methodNotAllowed, "405 method not allowed, supported: [GET, HEAD]\n", headers: [.allow: "GET, HEAD"])
        }
        let response = await route(request)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func route(_ request: Request) async -> Response {
        switch request.uri.path {
        case "/", "/health", "/status": return healthAnswer
        case "/metrics":
            let format = ExpositionFormat(accept: request.headers[.accept])
            let text = ExpositionWriter.text(of: await metrics(), format: format)
            return Response(status: .ok, headers: [.contentType: format.contentType], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case "/version":
            return json(.ok) { writer in
                writer.key("gitCommit")
                writer.string("")
                writer.key("gitVersion")
                writer.string(version)
                writer.key("buildDate")
                writer.string("")
            }
        default: return .text(.notFound, "404 not found: this port has /, /metrics and /version\n")
        }
    }

    /// `{"status":"Server available","upSince":RFC 3339,"uptime":Go's duration}`
    private var healthAnswer: Response {
        let upSince = health.upSince
        return json(upSince == nil ? .serviceUnavailable : .ok) { writer in
            writer.key("status")
            writer.string(upSince == nil ? "Server not available" : "Server available")
            writer.key("upSince")
            // Go's zero time.
            writer.string(upSince.map(WallClock.rfc3339) ?? "0001-01-01T00:00:00Z")
            writer.key("uptime")
            writer.string(upSince.map { WallClock.goDuration(max($0, WallClock.now()) - $0) } ?? "")
        }
    }

    private func json(_ status: HTTPResponse.Status, _ members: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        members(&writer)
        writer.endObject()
        return Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.finish())))
    }
}
