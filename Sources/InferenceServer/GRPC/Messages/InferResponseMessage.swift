internal import Inference
internal import ProtobufCoding

/// `ModelInferResponse { 1 model_name string, 2 model_version string, 3 id string, 4 parameters map<string, InferParameter>,
/// 5 outputs repeated InferOutputTensor, 6 raw_output_contents repeated bytes }`,
/// `InferOutputTensor { 1 name string, 2 datatype string, 3 shape repeated int64, 4 parameters map }`
struct InferResponseMessage: Sendable {
    var modelName: String
    var modelVersion: String
    var id: String
    /// Written as the parameter `triton_final_response`; `nil` leaves it out.
    var isFinal: Bool?
    var outputs: [InferOutput] = []

    /// One output as it is sent.
    struct InferOutput: Sendable {
        var name: String
        var tensor: Tensor
        /// Where its bytes were put instead of into the message.
        var range: SharedMemoryRange?
    }

    /// The message of a unary answer.
    var message: RawMessage {
        RawMessage(ProtobufWriter.message { write(to: &$0) }, contents: contents)
    }

    /// Of an output in shared memory the content is empty, so that contents and outputs stand in the same order.
    private var contents: [[UInt8]] { outputs.map { $0.range == nil ? $0.tensor.storage : [] } }

    private func write(to writer: inout ProtobufWriter) {
        writer.text(1, modelName)
        writer.text(2, modelVersion)
        writer.text(3, id)
        if let isFinal {
            writer.entry(4, "triton_final_response") { $0.varint(1 << 3 | 0, isFinal ? 1 : 0) }
        }
        for output in outputs {
            writer.message(5) { writer in
                writer.text(1, output.name)
                writer.text(2, output.tensor.dataType.rawValue)
                writer.packed(3, output.tensor.shape)
                guard let range = output.range else { return }
                writer.entry(4, "shared_memory_region") { $0.string(3 << 3 | 2, range.region, length: range.region.utf8.count) }
                writer.entry(4, "shared_memory_byte_size") { $0.varint(2 << 3 | 0, UInt64(output.tensor.storage.count)) }
                if range.offset != 0 { writer.entry(4, "shared_memory_offset") { $0.varint(2 << 3 | 0, UInt64(range.offset)) } }
            }
        }
    }

    /// `ModelStreamInferResponse { 1 error_message string, 2 infer_response ModelInferResponse }`
    func streamMessage(error: String = "") -> RawMessage {
        let inner = message
        let size = inner.size
        let fields = ProtobufWriter.message(reserving: inner.fields.count + error.utf8.count + 32) { writer in
            writer.text(1, error)
            // The length covers the contents, which are put behind these fields.
            writer.varint(2 << 3 | 2, UInt64(size))
            writer.append(inner.fields)
        }
        return RawMessage(fields, contents: inner.contents)
    }
}
