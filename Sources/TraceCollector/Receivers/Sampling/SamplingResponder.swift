internal import HTTPTypes
internal import Hummingbird

/// Answers on the port of remote sampling: `/` in the old form, every other path in the new one, as Jaeger's does.
struct SamplingResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let api: SamplingHTTPAPI

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return .text(.methodNotAllowed, "405 method not allowed, supported: [GET, HEAD]\n", headers: [.allow: "GET, HEAD"])
        }
        let response =
            switch request.uri.path {
            case "/": api.sampling(request, isLegacy: true)
            case "/baggageRestrictions", "/api/baggageRestrictions": api.baggageRestrictions(request)
            default: api.sampling(request, isLegacy: false)
            }
        return request.method == .head ? response.createHeadResponse() : response
    }
}
