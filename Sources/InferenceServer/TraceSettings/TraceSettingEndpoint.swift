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

    /// Changes what the body names; `null` takes an override away, and what cannot be changed is left alone.
    ///
    /// - Throws: Triton's words for a body that is no JSON, a value of the wrong type, or one that the setting does not take.
    static func update(_ core: InferenceCore, model: String?, body: JSONValue?) throws(InferenceError) -> HTTPReply {
        guard let body else { throw InferenceError(.internal, "failed to parse the request JSON buffer: The document is empty. at 0") }
        var values: [String: [String]] = [:]
        for member in body.objectValue?.members ?? [] {
            if let texts = try texts(member.name, member.value) { values[member.name] = texts }
        }
        try core.updateTraceSettings(values, model: model)
        return try reply(core, model: model)
    }

    /// What one member says; `nil` when it is no setting or changes nothing.
    private static func texts(_ name: String, _ value: JSONValue) throws(InferenceError) -> [String]? {
        switch name {
        case "trace_file":
            return []
        case "trace_level":
            guard value != .null else { return [] }
            guard let list = value.arrayValue else { throw JSONFailure.bareType("array") }
            var names: [String] = []
            for element in list { names.append(try text(element)) }
            // An empty list is no override, other than over gRPC.
            return names.isEmpty ? nil : names
        case "trace_rate", "trace_count", "log_frequency":
            guard value != .null else { return [] }
            let text = try text(value)
            // Triton's HTTP front end has no blank before the number, its gRPC front end has one.
            if name == "trace_count", let count = Int32(text), count < -1 {
                throw InferenceError(.invalidArgument, "Unable to parse 'trace_count'. Expecting value >= -1, got:\(text)")
            }
            return [text]
        default:
            return nil
        }
    }

    private static func text(_ value: JSONValue) throws(InferenceError) -> String {
        guard let text = value.stringValue else { throw JSONFailure.bareType("string") }
        return text
    }
}
