internal import HTTPTypes
internal import HummingbirdCore
internal import Inference
internal import NIOCore

/// Answers each request of the inference protocol.
final class InferenceHTTPHandler: Sendable {
    let core: InferenceCore
    let maxBodySize: Int

    init(core: InferenceCore, maxBodySize: Int) {
        self.core = core
        self.maxBodySize = maxBodySize
    }

    /// Answers one request.
    func respond(to request: Request, writer: consuming ResponseWriter) async throws {
        let path = request.head.path ?? ""
        let isHead = request.method == .head
        guard let route = InferenceRoute(path: path) else {
            try await write(.notFound, to: writer, isHead: isHead)
            return try await discardBody(of: request)
        }
        guard request.method.rawValue == route.method || (isHead && route.method == "GET") else {
            try await write(.methodNotAllowed(allowed: route.method), to: writer, isHead: isHead)
            return try await discardBody(of: request)
        }
        if case .model(let name, let version, let action) = route.target, action == .infer || action == .generate {
            var exchange = InferenceExchange(handler: self, modelName: name, version: version, isGenerate: action == .generate)
            try await exchange.run(request, path: path, writer: writer)
        } else {
            let reply: HTTPReply
            do throws(InferenceError) {
                reply = try answer(route.target)
            } catch {
                reply = HTTPReply(error: error)
            }
            try await write(reply, to: writer, isHead: isHead)
            try await discardBody(of: request)
        }
    }

    /// - Parameter isHead: The request was HEAD: its answer has the length of a body, and none (RFC 9110, section 9.3.2).
    private func write(_ reply: HTTPReply, to writer: consuming ResponseWriter, isHead: Bool) async throws {
        try await writer.write(response: reply.head, body: isHead ? ResponseBody() : ResponseBody(byteBuffer: reply.body))
    }

    /// Reads what nobody asked for, when this is the last request of its connection: a client that sends its whole body before
    /// it reads the answer would otherwise be stuck. The server itself does so on connections that are kept.
    func discardBody(of request: Request) async throws {
        guard request.headers[.connection] == "close" else { return }
        for try await _ in request.body {}
    }

    /// Everything that is not inference.
    private func answer(_ target: InferenceRoute.Target) throws(InferenceError) -> HTTPReply {
        switch target {
        case .serverMetadata:
            return ServerMetadata.reply
        case .live:
            return .empty
        case .ready:
            return core.isReady ? .empty : HTTPReply(status: .badRequest, message: "Server not ready: no model is loaded")
        case .allStatistics:
            return StatisticsJSON.reply(core.registry.all)
        case .model(let name, let version, let action):
            switch action {
            case .ready:
                let isReady = (try? core.registry.model(named: name, version: version)) != nil
                return isReady ? .empty : HTTPReply(status: .badRequest, message: "Model version not ready")
            case .statistics:
                guard let model = try? core.registry.model(named: name, version: version) else {
                    let text = version.map { "requested model version \($0) is not available for model '\(name)'" }
                    throw InferenceError(.invalidArgument, text ?? "requested model '\(name)' is not available")
                }
                return StatisticsJSON.reply([model])
            case .config:
                return ModelConfigJSON.reply(try core.registry.model(named: name, version: version).definition)
            case .metadata, .infer, .generate:
                return ModelMetadataJSON.reply(try core.registry.model(named: name, version: version).definition)
            }
        }
    }
}
