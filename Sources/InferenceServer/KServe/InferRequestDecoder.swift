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
        var sharedMemory: SharedMemoryRange?

        var hasData: Bool { storage != nil || deferredData != nil }
    }

    /// One element of `outputs`.
    private struct Output {
        var name: String?
        var isBinary: Bool?
        var classCount: Int?
        var sharedMemory: SharedMemoryRange?
    }

    /// The JSON part while it is read.
    private struct Document {
        var id = ""
        var inputs: [Input]?
        var outputs: [Output] = []
        var parameters: RequestParameters?
    }

    /// - Parameters:
    ///   - headerLength: how many bytes of the body are JSON; `nil` when all are, 0 when the body is one raw tensor.
    ///   - regions: where inputs in shared memory are read from.
    /// - Throws: Triton's messages for whatever is wrong.
    static func decode(
        _ body: ByteBuffer,
        headerLength: Int?,
        model: ModelDefinition,
        regions: SharedMemoryRegions
    ) throws(InferenceError) -> InferenceCall {
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
                return try call(document, json: json, tensors: tensors, model: model, regions: regions)
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
                while try reader.nextElement() { document.outputs.append(try readOutput(&reader)) }
            case "parameters":
                var parameters = RequestParameters()
                try parameters.readObject(&reader)
                document.parameters = parameters
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
        try reader.beginObject(of: "parameters")
        while let key = try reader.nextKey() {
            switch key {
            case "binary_data_size": input.binarySize = try reader.readUnsigned(of: "binary_data_size")
            default: try readSharedMemory(&reader, key, into: &input.sharedMemory)
            }
        }
        input.sharedMemory = input.sharedMemory.flatMap { $0.region.isEmpty ? nil : $0 }
    }

    /// The three members come in any order; without the region the others say nothing.
    private static func readSharedMemory(_ reader: inout JSONReader, _ key: JSONKey, into range: inout SharedMemoryRange?) throws {
        func update(_ body: (inout SharedMemoryRange) -> Void) {
            var value = range ?? SharedMemoryRange(region: "", offset: 0, byteSize: 0)
            body(&value)
            range = value
        }
        switch key {
        case "shared_memory_region":
            let region = try reader.readString(of: "shared_memory_region")
            guard !region.isEmpty else { throw InferenceError(.notFound, "Unable to find shared memory region: ''") }
            update { $0.region = region }
        case "shared_memory_offset":
            let offset = try reader.readUnsigned(of: "shared_memory_offset")
            update { $0.offset = offset }
        case "shared_memory_byte_size":
            let byteSize = try reader.readUnsigned(of: "shared_memory_byte_size")
            update { $0.byteSize = byteSize }
        default:
            try reader.skip()
        }
    }

    private static func readOutput(_ reader: inout JSONReader) throws -> Output {
        guard try reader.peek() == .object else { throw JSONFailure.missing("name") }
        var output = Output()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": output.name = try reader.readString(of: "name")
            case "parameters":
                try reader.beginObject(of: "parameters")
                while let key = try reader.nextKey() {
                    switch key {
                    case "binary_data": output.isBinary = try reader.readBool(of: "binary_data")
                    case "classification": output.classCount = try reader.readUnsigned(of: "classification")
                    default: try readSharedMemory(&reader, key, into: &output.sharedMemory)
                    }
                }
            default: try reader.skip()
            }
        }
        guard output.name != nil else { throw JSONFailure.missing("name") }
        output.sharedMemory = output.sharedMemory.flatMap { $0.region.isEmpty ? nil : $0 }
        if output.sharedMemory != nil {
            let conflict = output.classCount != nil ? "classification" : output.isBinary == true ? "binary_data" : nil
            if let conflict { throw InferenceError(.invalidArgument, "Output can't set both 'shared_memory_region' and '\(conflict)'") }
        }
        return output
    }

    // MARK: From the parts to the request

    private static func call(
        _ document: Document,
        json: UnsafeRawBufferPointer,
        tensors: UnsafeRawBufferPointer,
        model: ModelDefinition,
        regions: SharedMemoryRegions
    ) throws -> InferenceCall {
        var request = UncheckedRequest(id: document.id)
        document.parameters?.apply(to: &request)
        var position = 0
        for input in document.inputs ?? [] {
            guard let name = input.name else { throw JSONFailure.missing("name") }
            guard let dataTypeName = input.dataTypeName else { throw JSONFailure.missing("datatype") }
            guard let shape = input.shape else { throw JSONFailure.missing("shape") }
            guard let dataType = DataType(rawValue: dataTypeName) else {
                throw InferenceError(.invalidArgument, "invalid datatype for input \(name)")
            }
            let storage: [UInt8]
            if let range = input.sharedMemory, !input.hasData, input.binarySize == nil {
                storage = try regions.read(range.region, offset: range.offset, count: range.byteSize)
                try checkBool(storage, dataType, name: name)
            } else {
                storage = try self.storage(of: input, name: name, dataType, shape, json: json, tensors: tensors, position: &position, model: model)
            }
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
        call.isBinaryByDefault = document.parameters?.isBinaryByDefault ?? false
        for output in document.outputs { try add(output, to: &call, regions: regions) }
        return call
    }

    private static func add(_ output: Output, to call: inout InferenceCall, regions: SharedMemoryRegions) throws(InferenceError) {
        guard let name = output.name else { throw JSONFailure.missing("name") }
        call.request.requestedOutputs.append(name)
        if let isBinary = output.isBinary {
            if isBinary { call.binaryOutputs.insert(name) } else { call.textOutputs.insert(name) }
        }
        if let count = output.classCount, count > 0 { call.classifications[name] = count }
        if let range = output.sharedMemory {
            // A place that is not there is told before the model computes.
            try regions.check(range.region, offset: range.offset, count: range.byteSize)
            call.placements[name] = range
        }
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
        switch (input.hasData, input.binarySize, input.sharedMemory) {
        case (true, nil, nil):
            if let storage = input.storage { return storage }
            let range = input.deferredData ?? 0..<0
            return try JSONReader.read(UnsafeRawBufferPointer(rebasing: json[range])) { try readData(&$0, dataType, shape: shape) }
        case (false, let size?, nil):
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
        case (false, nil, _):
            throw InferenceError(.invalidArgument, "\(fields) But no field is set")
        default:
            let set = [input.hasData ? "'data'" : nil, input.binarySize.map { _ in "'binary_data_size'" }, input.sharedMemory.map { _ in "'shared_memory_region'" }]
            throw InferenceError(.invalidArgument, "\(fields) But set \(set.compactMap { $0 }.joined(separator: " "))")
        }
    }

    /// Any other byte is no `Bool` to Swift.
    static func checkBool(_ storage: [UInt8], _ dataType: DataType, name: String) throws(InferenceError) {
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
