internal import Inference
internal import JSONCoding
internal import TraceWire

/// `POST /v2/repository/…`: Triton's model repository extension.
enum RepositoryEndpoint {
    /// - Parameter body: `nil` when it is empty.
    static func answer(_ action: InferenceRoute.RepositoryAction, body: JSONValue?, repository: ModelRepository) async throws(InferenceError) -> HTTPReply {
        switch action {
        case .index:
            return reply(repository.index(readyOnly: try body?.bool("ready") ?? false))
        case .load(let model):
            try await repository.load(model, overrides: try overrides(body))
        case .unload(let model):
            try await repository.unload(model, unloadsDependents: try unloadsDependents(body))
        }
        return HTTPReply()
    }

    static let namedRepository = InferenceError(.unsupported, "'repository_name' specification is not supported")

    private static func reply(_ entries: [ModelRepository.IndexEntry]) -> HTTPReply {
        var writer = JSONWriter(reserving: 64 * entries.count)
        writer.beginArray()
        for entry in entries {
            writer.beginObject()
            writer.key("name")
            writer.string(entry.name)
            if !entry.version.isEmpty {
                writer.key("version")
                writer.string(entry.version)
            }
            if let state = entry.state {
                writer.key("state")
                writer.string(state.rawValue)
            }
            if !entry.reason.isEmpty {
                writer.key("reason")
                writer.string(entry.reason)
            }
            writer.endObject()
        }
        writer.endArray()
        return HTTPReply(json: writer)
    }

    private static func overrides(_ body: JSONValue?) throws(InferenceError) -> ModelRepository.Overrides {
        var overrides = ModelRepository.Overrides()
        for member in try body?.object("parameters")?.members ?? [] {
            guard var text = member.value.stringValue else { throw JSONFailure.bareType("string") }
            if member.name == "config" {
                overrides.configuration = text
            } else if member.name.hasPrefix("file:") {
                guard let content = text.withUTF8({ Base64.decode($0) }) else {
                    throw InferenceError(.invalidArgument, "failed to decode base64 of the load parameter '\(member.name)'")
                }
                overrides.files[String(member.name.dropFirst("file:".count))] = content
            } else {
                throw InferenceError(
                    .invalidArgument,
                    "the load parameter '\(member.name)' is not known; there are 'config' and, for each file, 'file:<path in the model's folder>'"
                )
            }
        }
        return overrides
    }

    private static func unloadsDependents(_ body: JSONValue?) throws(InferenceError) -> Bool {
        guard let value = try body?.object("parameters")?["unload_dependents"] else { return false }
        guard let flag = value.boolValue else { throw JSONFailure.wrongType("unload_dependents", expected: "boolean") }
        return flag
    }
}
