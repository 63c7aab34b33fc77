internal import HTTPTypes
internal import Inference
internal import JSONCoding
internal import NIOCore

/// Writes the answer of `…/infer`: KServe v2, "Inference Response JSON Object", with the binary tensor data extension.
enum InferResponseEncoder {
    /// - Parameter regions: where outputs are written that the request wants in shared memory.
    static func reply(
        _ outputs: NamedTensors,
        call: InferenceCall,
        model: LoadedModel,
        regions: SharedMemoryRegions
    ) throws(InferenceError) -> HTTPReply {
        var writer = JSONWriter(reserving: 256)
        var binary: [Tensor] = []
        writer.beginObject()
        if !call.request.id.isEmpty {
            writer.key("id")
            writer.string(call.request.id)
        }
        writer.key("model_name")
        writer.string(model.definition.name)
        writer.key("model_version")
        writer.string(model.versionText)
        if model.definition.ensemble != nil { writeSequence(call.request.sequence, to: &writer) }
        writer.key("outputs")
        writer.beginArray()
        for (name, output) in outputs {
            var tensor = output
            if !call.classifications.isEmpty, let count = call.classifications[name] {
                tensor = try Classification.classes(of: output, output: name, count: count, model: model.definition)
            }
            writer.beginObject()
            writer.key("name")
            writer.string(name)
            writer.key("datatype")
            writer.string(tensor.dataType.rawValue)
            writer.key("shape")
            writer.beginArray()
            for axis in tensor.shape { writer.int(axis) }
            writer.endArray()
            if !call.placements.isEmpty, let range = call.placements[name] {
                try regions.write(tensor.storage, to: range.region, offset: range.offset, limit: range.byteSize, output: name)
            } else if call.isBinary(name) {
                writer.key("parameters")
                writer.beginObject()
                writer.key("binary_data_size")
                writer.int(tensor.storage.count)
                writer.endObject()
                binary.append(tensor)
            } else {
                writer.key("data")
                writer.beginArray()
                try TensorJSON.write(tensor, to: &writer)
                writer.endArray()
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        guard !binary.isEmpty else { return HTTPReply(json: writer) }
        var body = ByteBuffer()
        body.reserveCapacity(binary.reduce(writer.bytes.count) { $0 + $1.storage.count })
        body.writeBytes(writer.bytes)
        for tensor in binary { body.writeBytes(tensor.storage) }
        var reply = HTTPReply(contentType: HTTPReply.octets, body: body)
        reply.fields.append(HTTPField(name: .inferenceHeaderContentLength, value: String(writer.bytes.count)))
        return reply
    }

    /// What Triton's ensembles answer beside their outputs: where the request stands in its sequence.
    private static func writeSequence(_ sequence: SequencePosition?, to writer: inout JSONWriter) {
        writer.key("parameters")
        writer.beginObject()
        writer.key("sequence_id")
        switch sequence?.id {
        case .number(let number): writer.uint(number)
        case .text(let text): writer.string(text)
        case nil: writer.int(0)
        }
        writer.key("sequence_start")
        writer.bool(sequence?.isStart ?? false)
        writer.key("sequence_end")
        writer.bool(sequence?.isEnd ?? false)
        writer.endObject()
    }
}
