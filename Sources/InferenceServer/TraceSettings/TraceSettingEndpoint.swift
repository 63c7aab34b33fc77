internal import Inference
internal import JSONCoding

/// `/v2/trace/setting` and `/v2/models/{model}/trace/setting`: Triton's trace extension.
enum TraceSettingEndpoint {
    /// The settings of a model, or those of all without a name.
    static func reply(_ core: InferenceCore, model: String?) throws(InferenceError) -> HTTPReply {
        var writer = JSONWriter()
        writer.beginObject()
        for value in try core.traceSettings(model: model).values {
            writer.key(string: value.name)
            if value.name == "trace_level" || value.name == "resource" {
                writer.beginArray()
                for text in value.texts { writer.string(text) }
                writer.endArray()
            } else {
                writer.string(value.texts.first ?? "")
            }
        }
        writer.endObject()
        return HTTPReply(json: writer)
    }

    /// Changes what the body names; `null` takes an override away.
    static func update(_ core: InferenceCore, model: String?, body: JSONValue?) throws(InferenceError) -> HTTPReply {
        guard let body else { throw InferenceError(.internal, "failed to parse the request JSON buffer: The document is empty. at 0") }
        var values: [String: [String]] = [:]
        for member in body.objectValue?.members ?? [] {
            switch member.value {
            case .null: values[member.name] = []
            case .string(let text): values[member.name] = [text]
            case .array(let list): values[member.name] = list.compactMap(\.stringValue)
            default: throw JSONFailure.bareType("string")
            }
        }
        try core.updateTraceSettings(values, model: model)
        return try reply(core, model: model)
    }
}
