internal import HTTPTypes
internal import HummingbirdCore
internal import Inference
internal import JSONCoding
internal import Logging
internal import NIOCore

/// Answers each request of the inference protocol.
final class InferenceHTTPHandler: Sendable {
    let core: InferenceCore
    let maxBodySize: Int
    private let logger: Logger
    /// `nil`: no header becomes a parameter.
    let headerForwarding: HTTPHeaderForwarding?
    /// By category; empty when nothing is restricted.
    private let restrictions: [RestrictedAPIs.Category: (header: HTTPField.Name, value: String)]

    /// - Throws: ``FrontEndSettingError`` for a header name or pattern that cannot be used.
    init(core: InferenceCore, configuration: InferenceHTTPServer.Configuration, logger: Logger) throws {
        self.core = core
        self.logger = logger
        maxBodySize = configuration.maxBodySize
        headerForwarding = try configuration.headerForwardPattern.map(HTTPHeaderForwarding.init(pattern:))
        restrictions = try configuration.restrictedAPIs.keys.mapValues { key in
            guard let name = HTTPField.Name(key.name) else {
                throw FrontEndSettingError("'\(key.name)' cannot be the name of a header that opens a restricted api")
            }
            return (name, key.value)
        }
    }

    /// Answers one request.
    func respond(to request: Request, writer: consuming ResponseWriter) async throws {
        let path = request.head.path ?? ""
        let isHead = request.method == .head
        guard let route = InferenceRoute(path: path) else {
            try await write(.notFound, to: writer, isHead: isHead)
            return try await discardBody(of: request)
        }
        if !restrictions.isEmpty, let refusal = refusal(of: request, route) {
            try await write(refusal, to: writer, isHead: isHead)
            return try await discardBody(of: request)
        }
        guard takes(request.method, route: route) else {
            try await write(.methodNotAllowed(route), to: writer, isHead: isHead)
            return try await discardBody(of: request)
        }
        if case .model(let name, let version, let action) = route.target, route.isInference {
            var exchange = InferenceExchange(handler: self, modelName: name, version: version, action: action)
            try await exchange.run(request, path: path, writer: writer)
        } else {
            let reply: HTTPReply
            do {
                reply = try await answer(route.target, request)
            } catch let error as InferenceError {
                reply = HTTPReply(error: error)
            }
            try await write(reply, to: writer, isHead: isHead)
            try await discardBody(of: request)
        }
    }

    /// The answer to a request that lacks the header of its category.
    private func refusal(of request: Request, _ route: InferenceRoute) -> HTTPReply? {
        guard let restriction = restrictions[route.category] else { return nil }
        if let given = request.headers[restriction.header], RestrictedAPIs.isEqual(given, restriction.value) { return nil }
        var reply = HTTPReply(status: .forbidden, message: "This API is restricted, expecting header '\(restriction.header.rawName)'")
        reply.contentType = HTTPReply.text
        return reply
    }

    /// Says what became of a request, when the log settings want each to be told.
    func logRequest(_ path: String, id: String, status: Int, failure: RequestFailure?, nanoseconds: UInt64) {
        var metadata: Logger.Metadata = ["status": "\(status)", "milliseconds": "\(Double(nanoseconds / 1000) / 1000)"]
        if !id.isEmpty { metadata["request_id"] = "\(id)" }
        if let failure { metadata["error"] = "\(failure.error.message)" }
        logger.debug("POST \(path)", metadata: metadata)
    }

    private func takes(_ method: HTTPRequest.Method, route: InferenceRoute) -> Bool {
        if method.rawValue == route.method { return true }
        return (method == .head && route.method == "GET") || (method == .post && route.isSetting)
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

    // MARK: Everything that is not inference

    private func answer(_ target: InferenceRoute.Target, _ request: Request) async throws -> HTTPReply {
        switch target {
        case .serverMetadata:
            return ServerMetadata.reply
        case .live:
            return .empty
        case .ready:
            return core.isReady ? .empty : .notReady("Server not ready: no model is loaded")
        case .allStatistics:
            return StatisticsJSON.reply(core.registry.all)
        case .model(let name, let version, let action):
            return try answer(model: name, version: version, action)
        case .repository(_, isNamed: true):
            throw RepositoryEndpoint.namedRepository
        case .repository(let action, isNamed: false):
            return try await RepositoryEndpoint.answer(action, body: try await json(request), repository: core.repository)
        case .sharedMemory(let kind, let action, let region):
            let body = action == .register ? try await json(request) : nil
            return try SharedMemoryEndpoint.answer(kind, action, region: region, body: body, regions: core.sharedMemory)
        case .logging:
            guard request.method == .post else { return LoggingEndpoint.reply(core.logging) }
            return try LoggingEndpoint.update(core.logging, body: try await json(request))
        case .traceSetting(let model):
            guard request.method == .post else { return try TraceSettingEndpoint.reply(core, model: model) }
            return try TraceSettingEndpoint.update(core, model: model, body: try await json(request))
        }
    }

    private func json(_ request: Request) async throws -> JSONValue? {
        try await RequestBodyReader.json(request, limit: maxBodySize)
    }

    private func answer(model name: String, version: Int?, _ action: InferenceRoute.ModelAction) throws(InferenceError) -> HTTPReply {
        switch action {
        case .ready:
            let isReady = (try? core.registry.model(named: name, version: version))?.isReady ?? false
            return isReady ? .empty : .notReady("Model version not ready")
        case .statistics:
            let models = version == nil ? core.registry.versions(named: name) : (try? core.registry.model(named: name, version: version)).map { [$0] } ?? []
            guard !models.isEmpty else {
                let text = version.map { "requested model version \($0) is not available for model '\(name)'" }
                throw InferenceError(.invalidArgument, text ?? "requested model '\(name)' is not available")
            }
            return StatisticsJSON.reply(models)
        case .config:
            return ModelConfigJSON.reply(try core.registry.model(named: name, version: version).definition)
        case .metadata, .infer, .generate, .generateStream:
            let definition = try core.registry.model(named: name, version: version).definition
            let versions = version.map { [$0] } ?? core.registry.versions(named: name).map(\.definition.version)
            return ModelMetadataJSON.reply(definition, versions: versions)
        }
    }
}
