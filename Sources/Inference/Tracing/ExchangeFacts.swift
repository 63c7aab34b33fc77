package import TraceModel

/// What the spans say about the protocol exchange that carried a request.
package enum ExchangeFacts: Hashable, Sendable {
    case http(HTTP)
    case grpc(GRPC)

    package struct HTTP: Hashable, Sendable {
        /// `http.request.method`.
        package var method: String
        /// `url.path`.
        package var path: String
        /// `http.route`.
        package var route: String
        /// `http.response.status_code`; 0 when no answer was sent.
        package var statusCode: Int

        package init(method: String, path: String, route: String, statusCode: Int = 0) {
            self.method = method
            self.path = path
            self.route = route
            self.statusCode = statusCode
        }
    }

    package struct GRPC: Hashable, Sendable {
        /// `rpc.method`, for example `ModelInfer`.
        package var method: String
        /// `rpc.grpc.status_code`; `nil` when no answer was sent.
        package var statusCode: Int?

        package init(method: String, statusCode: Int? = nil) {
            self.method = method
            self.statusCode = statusCode
        }
    }

    /// What OpenTelemetry's semantic conventions say of such an exchange.
    package var attributes: [Attribute] {
        switch self {
        case .http(let http):
            var attributes = [
                Attribute("http.request.method", .string(http.method)),
                Attribute("url.path", .string(http.path)),
                Attribute("http.route", .string(http.route)),
            ]
            if http.statusCode != 0 { attributes.append(Attribute("http.response.status_code", .int(Int64(http.statusCode)))) }
            return attributes
        case .grpc(let grpc):
            var attributes = [
                Attribute("rpc.system", .string("grpc")),
                Attribute("rpc.service", .string("inference.GRPCInferenceService")),
                Attribute("rpc.method", .string(grpc.method)),
            ]
            if let code = grpc.statusCode { attributes.append(Attribute("rpc.grpc.status_code", .int(Int64(code)))) }
            return attributes
        }
    }
}
