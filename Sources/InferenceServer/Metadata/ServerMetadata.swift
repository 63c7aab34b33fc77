internal import JSONCoding

/// `GET /v2`: KServe v2, "Server Metadata".
enum ServerMetadata {
    static let name = "needletail"
    static let version = "0.1.0"
    /// What is there of Triton's protocol extensions.
    static let extensions = [
        "classification", "sequence", "model_repository", "model_repository(unload_dependents)", "schedule_policy", "model_configuration",
        "system_shared_memory", "binary_tensor_data", "parameters", "statistics", "trace", "logging", "generate",
    ]

    static let reply: HTTPReply = {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("version")
        writer.string(version)
        writer.key("extensions")
        writer.beginArray()
        for name in extensions { writer.string(name) }
        writer.endArray()
        writer.endObject()
        return HTTPReply(json: writer)
    }()
}
