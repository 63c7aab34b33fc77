internal import Inference
internal import JSONCoding

/// Writes the answer of `…/generate`: outputs, `id`, `model_name` and `model_version` in one flat object, sorted by name.
enum GenerateResponseEncoder {
    /// A tensor of one element is written as that value, any other as a flat array.
    static func json(_ outputs: NamedTensors, call: InferenceCall, model: LoadedModel) throws(InferenceError) -> JSONWriter {
        var members: [(name: String, tensor: Tensor?)] = [("model_name", nil), ("model_version", nil)]
        if !call.request.id.isEmpty { members.append(("id", nil)) }
        for (name, tensor) in outputs { members.append((name, tensor)) }
        members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var writer = JSONWriter(reserving: 128)
        writer.beginObject()
        for (name, tensor) in members {
            writer.key(string: name)
            if let tensor {
                if tensor.elementCount == 1 {
                    try TensorJSON.write(tensor, to: &writer)
                } else {
                    writer.beginArray()
                    try TensorJSON.write(tensor, to: &writer)
                    writer.endArray()
                }
            } else if name == "id" {
                writer.string(call.request.id)
            } else {
                writer.string(name == "model_name" ? model.definition.name : model.versionText)
            }
        }
        writer.endObject()
        return writer
    }
}
