internal import Inference
internal import JSONCoding
internal import NIOCore

/// Reads the body of `…/infer`: KServe v2, "Inference Request JSON Object", with the binary tensor data extension.
enum InferRequestDecoder {
    /// One element of `inputs`, as far as the JSON tells.
    private struct Input {
        var name: String?
        var dataTypeName: String?
        var shape: [Int]?
        /// The values, when they came after shape and type.
        var storage: [UInt8]?
        /// Where the values stand, when they came before.
        var deferredData: Range<Int>?
        var binarySize: Int?
        var usesSharedMemory = false
    }

    /// The JSON part while it is read.
    private struct Document {
        var id = ""
        var inputs: [Input]?
        var requestedOutputs: [String] = []
        var binaryOutputs: Set<String> = []
        var textOutputs: Set<String> = []
        var isBinaryByDefault = false
        var parameters: [String: ParameterValue] = [:]
    }

    /// - Parameters:
    ///   - headerLength: how many bytes of the body are JSON; `nil` when all are, 0 when the body is one raw tensor.
    /// - Throws: Triton's messages for whatever is wrong.
    static func decode(_ body: ByteBuffer, headerLength: Int?, model: ModelDefinition) throws(InferenceError) -> InferenceCall {
        if headerLength == 0 { return try rawCall(body, model: model) }
        return try JSONFailure.translating {
            try body.withUnsafeReadableBytes { bytes in
                let json = UnsafeRawBufferPointer(rebasing: bytes[..<(headerLength ?? bytes.count)])
                var document = Document()
                try JSONReader.read(json) { reader in
                    guard try reader.peek() == .object else { throw JSONFailure.missing("inputs") }
                    try readDocument(&reader, into: &document)
                }
                let tensors = UnsafeRawBufferPointer(rebasing: bytes[json.count...])
                return try call(document, json: json, tensors: tensors, model: model)
            }
        }
    }

    // MARK: The JSON part

    private static func readDocument(_ reader: inout JSONReader, into document: inout Document) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id":
                document.id = try reader.readString(of: "id")
            case "inputs":
                guard try reader.peek() == .array else { throw JSONFailure.wrongType("inputs", expected: "array") }
                var inputs: [Input] = []
                try reader.beginArray()
                while try reader.nextElement() { inputs.append(try readInput(&reader)) }
                document.inputs = inputs
            case "outputs":
                guard try reader.peek() == .array else { throw JSONFailure.wrongType("outputs", expected: "array") }
                try reader.beginArray()
                while try reader.nextElement() { try readOutput(&reader, into: &document) }
            case "parameters":
                var isBinary = false
                try reader.readParameters(into: &document.parameters) { reader, name in
                    guard name == "binary_data_output" else { return false }
                    guard try reader.peek() == .bool else { throw JSONFailure.wrongType(name, expected: "boolean") }
                    isBinary = try reader.readBool()
                    return true
                }
                document.isBinaryByDefault = isBinary
            default:
                try reader.skip()
            }
        }
        if document.inputs == nil { throw JSONFailure.missing("inputs") }
    }

    private static func readInput(_ reader: inout JSONReader) throws -> Input {
        var input = Input()
        guard try reader.peek() == .object else { throw JSONFailure.missing("name") }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": input.name = try reader.readString(of: "name")
            case "datatype": input.dataTypeName = try reader.readString(of: "datatype")
            case "shape": input.shape = try readShape(&reader)
            case "data":
                if let shape = input.shape, let dataType = input.dataTypeName.flatMap(DataType.init(rawValue:)) {
                    input.storage = try readData(&reader, dataType, shape: shape)
                } else {
                    _ = try reader.peek()
                    let start = reader.offset
                    try reader.skip()
                    input.deferredData = start..<reader.offset
                }
            case "parameters": try readInputParameters(&reader, into: &input)
            default: try reader.skip()
            }
        }
        return input
    }

    private static func readShape(_ reader: inout JSONReader) throws -> [Int] {
        guard try reader.peek() == .array else { throw JSONFailure.wrongType("shape", expected: "array") }
        var shape: [Int] = []
        try reader.beginArray()
        while try reader.nextElement() { shape.append(try reader.readUnsigned(of: "shape")) }
        return shape
    }

    private static func readData(_ reader: inout JSONReader, _ dataType: DataType, shape: [Int]) throws -> [UInt8] {
        let expected = try Tensor.checkedElementCount(of: shape)
        let (storage, count) = try TensorJSON.read(&reader, dataType, limit: expected)
        guard count == expected else { throw JSONFailure.dataCount }
        return storage
    }

    private static func readInputParameters(_ reader: inout JSONReader, into input: inout Input) throws {
        guard try reader.peek() == .object else { throw JSONFailure.wrongType("parameters", expected: "object") }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "binary_data_size": input.binarySize = try reader.readUnsigned(of: "binary_data_size")
            case "shared_memory_region":
                input.usesSharedMemory = true
                try reader.skip()
            default: try reader.skip()
            }
        }
    }

    private static func readOutput(_ reader: inout JSONReader, into document: inout Document) throws {
        guard try reader.peek() == .object else { throw JSONFailure.missing("name") }
        var name: String?
        var isBinary: Bool?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.readString(of: "name")
            case "parameters":
                guard try reader.peek() == .object else { throw JSONFailure.wrongType("parameters", expected: "object") }
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    switch key {
                    case "binary_data":
                        guard try reader.peek() == .bool else { throw JSONFailure.wrongType("binary_data", expected: "boolean") }
                        isBinary = try reader.readBool()
                    case "classification": throw InferenceError(.unsupported, "the classification extension is not available; ask for the output itself")
                    case "shared_memory_region": throw sharedMemory
                    default: try reader.skip()
                    }
                }
            default: try reader.skip()
            }
        }
        guard let name else { throw JSONFailure.missing("name") }
        document.requestedOutputs.append(name)
        if let isBinary {
            if isBinary { document.binaryOutputs.insert(name) } else { document.textOutputs.insert(name) }
        }
    }

    private static let sharedMemory = InferenceError(.unsupported, "shared memory regions are not available; send the data in the body")

    // MARK: From the parts to the request

    private static func call(
        _ document: Document,
        json: UnsafeRawBufferPointer,
        tensors: UnsafeRawBufferPointer,
        model: ModelDefinition
    ) throws -> InferenceCall {
        var request = UncheckedRequest(
            id: document.id,
            requestedOutputs: document.requestedOutputs,
            parameters: document.parameters
        )
        var position = 0
        for input in document.inputs ?? [] {
            guard let name = input.name else { throw JSONFailure.missing("name") }
            guard let dataTypeName = input.dataTypeName else { throw JSONFailure.missing("datatype") }
            guard let shape = input.shape else { throw JSONFailure.missing("shape") }
            guard let dataType = DataType(rawValue: dataTypeName) else {
                throw InferenceError(.invalidArgument, "invalid datatype for input \(name)")
            }
            let storage = try storage(of: input, name: name, dataType, shape, json: json, tensors: tensors, position: &position, model: model)
            guard request.inputs[name] == nil else {
                throw InferenceError(.invalidArgument, "\(model.prefix(request))input '\(name)' already exists in request")
            }
            request.inputs.append(Tensor(uncheckedDataType: dataType, shape: shape, storage: storage), name: name)
        }
        guard position == tensors.count else {
            throw InferenceError(
                .invalidArgument,
                "unexpected additional input data for model '\(model.name)': \(tensors.count - position) bytes follow the last tensor"
            )
        }
        var call = InferenceCall(request)
        call.binaryOutputs = document.binaryOutputs
        call.textOutputs = document.textOutputs
        call.isBinaryByDefault = document.isBinaryByDefault
        return call
    }

    private static func storage(
        of input: Input,
        name: String,
        _ dataType: DataType,
        _ shape: [Int],
        json: UnsafeRawBufferPointer,
        tensors: UnsafeRawBufferPointer,
        position: inout Int,
        model: ModelDefinition
    ) throws -> [UInt8] {
        let fields = "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'."
        let hasData = input.storage != nil || input.deferredData != nil
        switch (hasData, input.binarySize, input.usesSharedMemory) {
        case (true, nil, false):
            if let storage = input.storage { return storage }
            let range = input.deferredData ?? 0..<0
            return try JSONReader.read(UnsafeRawBufferPointer(rebasing: json[range])) { try readData(&$0, dataType, shape: shape) }
        case (false, let size?, false):
            let left = tensors.count - position
            guard size <= left else {
                throw InferenceError(
                    .invalidArgument,
                    "unexpected size for input '\(name)', expecting \(size - left) additional bytes for model '\(model.name)'"
                )
            }
            let storage = [UInt8](tensors[position..<position + size])
            position += size
            try checkBool(storage, dataType, name: name)
            return storage
        case (false, nil, true):
            throw sharedMemory
        case (false, nil, false):
            throw InferenceError(.invalidArgument, "\(fields) But no field is set")
        default:
            throw InferenceError(.invalidArgument, "\(fields) But more than one field is set")
        }
    }

    /// Any other byte is no `Bool` to Swift.
    private static func checkBool(_ storage: [UInt8], _ dataType: DataType, name: String) throws(InferenceError) {
        guard dataType == .bool, let wrong = storage.first(where: { $0 > 1 }) else { return }
        throw InferenceError(.invalidArgument, "input '\(name)': a BOOL element must be 0 or 1, got \(wrong)")
    }

    // MARK: Raw requests

    /// A body that is one tensor, for a model with one input: binary tensor data extension, "Raw Binary Request".
    private static func rawCall(_ body: ByteBuffer, model: ModelDefinition) throws(InferenceError) -> InferenceCall {
        var request = UncheckedRequest()
        guard let input = model.inputs.first, model.inputs.count == 1 else {
            throw InferenceError(
                .invalidArgument,
                "\(model.prefix(request))Raw request must only have 1 input (found 1) to be deduced but got \(model.inputs.count) inputs in '\(model.name)' model configuration"
            )
        }
        let bytes = Array(buffer: body)
        var shape = input.fullShape(batching: model.isBatching)
        var storage = bytes
        if let width = input.dataType.byteWidth {
            if model.isBatching { shape[0] = 1 }
            let open = shape.indices.filter { shape[$0] < 0 }
            guard open.count <= 1 else {
                throw InferenceError(.invalidArgument, "\(model.prefix(request))The shape of Raw request can not be deduced because input '\(input.name)' has more than one variable axis")
            }
            if let axis = open.first {
                let fixed = shape.reduce(width) { $1 < 0 ? $0 : $0 * max(1, $1) }
                shape[axis] = bytes.count / fixed
            }
            try checkBool(bytes, input.dataType, name: input.name)
        } else {
            // The whole body is one element.
            storage = []
            try Tensor.append(bytes, to: &storage)
            shape = shape.map { _ in 1 }
        }
        request.inputs.append(Tensor(uncheckedDataType: input.dataType, shape: shape, storage: storage), name: input.name)
        var call = InferenceCall(request)
        call.isBinaryByDefault = true
        return call
    }
}
