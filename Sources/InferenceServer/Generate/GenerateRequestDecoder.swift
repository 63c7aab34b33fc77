internal import Inference
internal import JSONCoding
internal import NIOCore

/// Reads the body of `…/generate`: one flat object whose members are inputs by name, or else parameters.
enum GenerateRequestDecoder {
    /// - Throws: Triton's messages for whatever is wrong.
    static func decode(_ body: ByteBuffer, model: ModelDefinition) throws(InferenceError) -> InferenceCall {
        try JSONFailure.translating {
            try body.withUnsafeReadableBytes { bytes in
                var request = UncheckedRequest()
                var parameters = RequestParameters()
                try JSONReader.read(bytes) { reader in
                    guard try reader.peek() == .object else {
                        throw InferenceError(.invalidArgument, "the body of generate must be a JSON object of inputs and parameters")
                    }
                    try reader.beginObject()
                    while let key = try reader.nextKey() { try readMember(&reader, key.string, into: &request, &parameters, model: model) }
                }
                parameters.apply(to: &request)
                return InferenceCall(request)
            }
        }
    }

    private static func readMember(
        _ reader: inout JSONReader,
        _ name: String,
        into request: inout UncheckedRequest,
        _ parameters: inout RequestParameters,
        model: ModelDefinition
    ) throws {
        if let input = model.input(named: name) {
            let tensor = try readTensor(&reader, input: input, model: model)
            guard request.inputs[name] == nil else {
                throw InferenceError(.invalidArgument, "\(model.prefix(request))input '\(name)' already exists in request")
            }
            request.inputs.append(tensor, name: name)
        } else if name == "id" {
            request.id = try reader.readString(of: "id")
        } else if name == "parameters", try reader.peek() == .object {
            try parameters.readObject(&reader)
        } else {
            try parameters.read(&reader, name: name)
        }
    }

    /// A value or an array of values; the shape follows from the model's declaration.
    private static func readTensor(_ reader: inout JSONReader, input: TensorSpecification, model: ModelDefinition) throws -> Tensor {
        let failure = InferenceError(.invalidArgument, "The schema can not convert input '\(input.name)' to tensor with proper shape")
        let storage: [UInt8]
        let count: Int
        switch try reader.peek() {
        case .array:
            do {
                (storage, count) = try TensorJSON.read(&reader, input.dataType, limit: nil, isNested: false)
            } catch is TensorJSON.NotFlat {
                throw failure
            }
        case .object, .null: throw failure
        default:
            storage = try TensorJSON.readScalar(&reader, input.dataType)
            count = 1
        }
        guard let shape = shape(forCount: count, declared: input.fullShape(batching: model.isBatching)) else { throw failure }
        return Tensor(uncheckedDataType: input.dataType, shape: shape, storage: storage)
    }

    /// The shape that holds so many elements: from the last axis on, the first open axis takes what the fixed ones leave, and
    /// further open ones are 1.
    static func shape(forCount count: Int, declared: [Int]) -> [Int]? {
        var left = count
        for axis in declared where axis >= 0 {
            guard axis > 0, left % axis == 0 else { return nil }
            left /= axis
        }
        var shape = declared
        for index in shape.indices.reversed() where shape[index] < 0 {
            shape[index] = left
            left = 1
        }
        return left == 1 ? shape : nil
    }
}
