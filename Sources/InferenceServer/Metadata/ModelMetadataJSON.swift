internal import Inference
internal import JSONCoding

/// `GET /v2/models/{model}`: KServe v2, "Model Metadata". A batch axis is shown as -1.
enum ModelMetadataJSON {
    /// - Parameter versions: all that are served, the oldest first.
    static func reply(_ model: ModelDefinition, versions: [Int]) -> HTTPReply {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(model.name)
        writer.key("versions")
        writer.beginArray()
        for version in versions { writer.string(String(version)) }
        writer.endArray()
        writer.key("platform")
        writer.string(platform(of: model))
        write("inputs", model.inputs, isBatching: model.isBatching, to: &writer)
        write("outputs", model.outputs, isBatching: model.isBatching, to: &writer)
        writer.endObject()
        return HTTPReply(json: writer)
    }

    /// Triton's older word for the backend, or its name.
    private static func platform(of model: ModelDefinition) -> String {
        if model.ensemble != nil { return "ensemble" }
        return model.platform.isEmpty ? model.backendName : model.platform
    }

    private static func write(_ key: StaticString, _ tensors: [TensorSpecification], isBatching: Bool, to writer: inout JSONWriter) {
        writer.key(key)
        writer.beginArray()
        for tensor in tensors {
            writer.beginObject()
            writer.key("name")
            writer.string(tensor.name)
            writer.key("datatype")
            writer.string(tensor.dataType.rawValue)
            writer.key("shape")
            writer.beginArray()
            for axis in tensor.fullShape(batching: isBatching) { writer.int(axis) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
    }
}
