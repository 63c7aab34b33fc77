internal import GRPCCore
internal import Inference

/// A decoded request over gRPC, and how its answers are to be encoded.
struct GRPCInferenceCall: Sendable {
    var call: InferenceCall
    /// A decoupled model's last answer is marked by an empty one.
    var wantsEmptyFinalResponse = false

    /// The answer to this call.
    ///
    /// - Throws: what is wrong with the wishes for these outputs.
    func response(
        _ outputs: NamedTensors,
        model: LoadedModel,
        sharedMemory: SharedMemoryRegions,
        isFinal: Bool? = nil
    ) throws(InferenceError) -> InferResponseMessage {
        let definition = model.definition
        var response = InferResponseMessage(modelName: definition.name, modelVersion: model.versionText, id: call.request.id, isFinal: isFinal)
        response.outputs.reserveCapacity(outputs.count)
        for (name, tensor) in outputs {
            var output = InferResponseMessage.InferOutput(name: name, tensor: tensor)
            if !call.classifications.isEmpty, let count = call.classifications[name] {
                output.tensor = try Classification.classes(of: tensor, output: name, count: count, model: definition)
            }
            if !call.placements.isEmpty, let range = call.placements[name] {
                try sharedMemory.write(output.tensor.storage, to: range.region, offset: range.offset, limit: range.byteSize, output: name)
                output.range = range
            }
            response.outputs.append(output)
        }
        return response
    }
}

/// Makes a request of a message, with Triton's words for what is wrong.
struct InferRequestReader {
    let message: InferRequestMessage
    let model: ModelDefinition
    let sharedMemory: SharedMemoryRegions

    /// - Parameters:
    ///   - metadata: those of the call.
    ///   - forwarding: says which of them become parameters.
    func call(_ metadata: Metadata, forwarding: MetadataForwarding) throws(InferenceError) -> GRPCInferenceCall {
        var call = GRPCInferenceCall(call: InferenceCall(UncheckedRequest(id: message.id)))
        try readParameters(into: &call)
        try forwarding.add(metadata, to: &call.call.request.parameters)
        for output in message.outputs { try add(output, to: &call.call) }
        try readInputs(into: &call.call.request)
        return call
    }

    // MARK: Parameters

    private func readParameters(into call: inout GRPCInferenceCall) throws(InferenceError) {
        guard !message.parameters.isEmpty else { return }
        var sequenceID: SequencePosition.ID?
        var isStart = false
        var isEnd = false
        for (name, value) in message.parameters {
            switch name {
            case "sequence_id": sequenceID = try self.sequenceID(value)
            case "sequence_start": isStart = try flag(name, value)
            case "sequence_end": isEnd = try flag(name, value)
            case "priority":
                guard let priority = value.unsigned.flatMap(Int.init(exactly:)) else { throw wrongType(name, expected: "uint64_param") }
                call.call.request.priority = priority
            case "timeout":
                guard let timeout = value.unsigned else { throw wrongType(name, expected: "int64_param") }
                call.call.request.timeoutMicroseconds = timeout
            case "triton_enable_empty_final_response": call.wantsEmptyFinalResponse = try flag(name, value)
            case _ where name.hasPrefix("triton_"): throw Self.reserved
            default:
                guard let value = value.value else {
                    throw InferenceError(.invalidArgument, "parameter '\(name)' has invalid type. It should be either 'int', 'bool', or 'string'.")
                }
                call.call.request.parameters[name] = value
            }
        }
        call.call.request.sequence = sequenceID.map { SequencePosition(id: $0, isStart: isStart, isEnd: isEnd) }
    }

    private static let reserved = InferenceError(
        .invalidArgument,
        """
        parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting with 'triton_' are \
        allowed: triton_enable_empty_final_response
        """
    )

    /// 0 and the empty text stand for "no sequence", as clients send them by default.
    private func sequenceID(_ value: InferParameter) throws(InferenceError) -> SequencePosition.ID? {
        switch value {
        case .int64(let number): number == 0 ? nil : .number(UInt64(bitPattern: number))
        case .uint64(let number): number == 0 ? nil : .number(number)
        case .string(let text): text.isEmpty ? nil : .text(text)
        default: throw wrongType("sequence_id", expected: "int64_param or string_param")
        }
    }

    private func flag(_ name: String, _ value: InferParameter) throws(InferenceError) -> Bool {
        guard case .bool(let flag) = value else { throw wrongType(name, expected: "bool_param") }
        return flag
    }

    private func wrongType(_ name: String, tensor: String? = nil, expected: String) -> InferenceError {
        let place = tensor.map { " for tensor '\($0)'" } ?? ""
        return InferenceError(.invalidArgument, "invalid value type for '\(name)' parameter\(place), expected \(expected).")
    }

    // MARK: Outputs

    private func add(_ output: InferRequestMessage.Output, to call: inout InferenceCall) throws(InferenceError) {
        call.request.requestedOutputs.append(output.name)
        guard !output.parameters.isEmpty else { return }
        if let value = output.parameters.last(where: { $0.name == "classification" })?.value {
            guard case .int64(let count) = value else { throw wrongType("classification", expected: "int64_param") }
            guard count >= 0 else { throw InferenceError(.invalidArgument, "invalid value for 'classification' parameter, expected >= 0") }
            if count > 0 { call.classifications[output.name] = Int(count) }
        }
        if let range = try region(output.parameters, tensor: output.name) {
            // A place that is not there is told before the model computes.
            try sharedMemory.check(range.region, offset: range.offset, count: range.byteSize)
            call.placements[output.name] = range
        }
    }

    private func region(_ parameters: InferParameters, tensor: String) throws(InferenceError) -> SharedMemoryRange? {
        guard !parameters.isEmpty else { return nil }
        var name: String?
        var numbers: [String: Int] = [:]
        for (key, value) in parameters {
            switch key {
            case "shared_memory_region":
                guard case .string(let text) = value else { throw wrongType(key, tensor: tensor, expected: "string_param") }
                name = text
            case "shared_memory_offset", "shared_memory_byte_size":
                guard let number = value.unsigned.flatMap(Int.init(exactly:)) else { throw wrongType(key, tensor: tensor, expected: "int64_param") }
                numbers[key] = number
            default: break
            }
        }
        guard let name else {
            guard let key = numbers.keys.min() else { return nil }
            throw InferenceError(
                .invalidArgument, "'\(key)' can not be specified without 'shared_memory_region' parameter for tensor '\(tensor)'")
        }
        guard let byteSize = numbers["shared_memory_byte_size"] else {
            throw InferenceError(
                .invalidArgument,
                "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor '\(tensor)'"
            )
        }
        return SharedMemoryRange(region: name, offset: numbers["shared_memory_offset"] ?? 0, byteSize: byteSize)
    }

    // MARK: Inputs

    private func readInputs(into request: inout UncheckedRequest) throws(InferenceError) {
        var rawIndex = 0
        for input in message.inputs {
            guard request.inputs[input.name] == nil else {
                throw InferenceError(.invalidArgument, "\(model.prefix(request))input '\(input.name)' already exists in request")
            }
            guard let dataType = DataType(rawValue: input.dataTypeName) else { throw unknownType(input, request) }
            let storage = try storage(of: input, dataType, rawIndex: &rawIndex)
            try InferRequestDecoder.checkBool(storage, dataType, name: input.name)
            request.inputs.append(Tensor(uncheckedDataType: dataType, shape: input.shape, storage: storage), name: input.name)
        }
    }

    private func unknownType(_ input: InferRequestMessage.Input, _ request: UncheckedRequest) -> InferenceError {
        guard let declared = model.input(named: input.name) else {
            return InferenceError(.invalidArgument, "unexpected inference input '\(input.name)' for model '\(model.name)'")
        }
        return InferenceError(
            .invalidArgument,
            "\(model.prefix(request))inference input '\(input.name)' data-type is '<invalid>', but model '\(model.name)' expects '\(declared.dataType)'"
        )
    }

    private func storage(of input: InferRequestMessage.Input, _ dataType: DataType, rawIndex: inout Int) throws(InferenceError) -> [UInt8] {
        let place = "'\(input.name)' for model '\(model.name)'"
        if let region = try region(input.parameters, tensor: input.name) {
            guard input.contents == nil else {
                throw InferenceError(.invalidArgument, "unexpected 'content' provided when using shared memory for input tensor \(place)")
            }
            return try sharedMemory.read(region.region, offset: region.offset, count: region.byteSize)
        }
        guard let contents = input.contents else {
            guard rawIndex < message.rawContents.count else {
                throw InferenceError(.invalidArgument, "unable to find data for input tensor \(place) in request.")
            }
            defer { rawIndex += 1 }
            return message.rawContents[rawIndex]
        }
        guard message.rawContents.isEmpty else {
            throw InferenceError(.invalidArgument, "contents field must not be specified when using raw_input_contents for \(place)")
        }
        do throws(InferTensorContents.OutOfRange) {
            if let storage = try contents.storage(dataType) { return storage }
        } catch {
            throw InferenceError(.invalidArgument, "input tensor \(place): the value \(error.value) is outside the range of \(dataType)")
        }
        throw InferenceError(
            .invalidArgument,
            "unexpected explicit tensor data for input tensor \(place) of type '\(contents.dataType?.rawValue ?? "")', expected datatype '\(dataType)'"
        )
    }
}
