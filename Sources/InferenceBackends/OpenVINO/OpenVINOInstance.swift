internal import COpenVINO
internal import Inference

/// A model that is compiled for the CPU.
final class OpenVINOCompiledModel: @unchecked Sendable {
    // Unchecked: a compiled model of OpenVINO may be used from any thread; nothing here changes.
    let runtime: OpenVINORuntime.Loaded
    let handle: OpenVINOLibrary.Handle
    let definition: ModelDefinition
    /// Declared input → the model's.
    let inputIndexes: [Int]
    let outputIndexes: [Int]

    init(definition: ModelDefinition, path: String, defaults: [String: String], runtime: OpenVINORuntime.Loaded) throws(InferenceError) {
        self.runtime = runtime
        self.definition = definition
        let model = try OpenVINOModel(path: path, runtime: runtime)
        if definition.isBatching { try model.openBatchAxis() }
        inputIndexes = try definition.inputs.map { input throws(InferenceError) in
            guard let index = try model.inputIndex(named: input.name) else { throw Self.missing("input", input.name, definition) }
            return index
        }
        outputIndexes = try definition.outputs.map { output throws(InferenceError) in
            guard let index = try model.outputIndex(named: output.name) else { throw Self.missing("output", output.name, definition) }
            return index
        }
        handle = try Self.compile(model, definition: definition, defaults: defaults)
    }

    deinit { runtime.library.freeCompiledModel(handle) }

    private static func missing(_ kind: String, _ name: String, _ definition: ModelDefinition) -> InferenceError {
        InferenceError(.invalidArgument, "model '\(definition.name)': the model has no \(kind) '\(name)'")
    }

    private static func compile(
        _ model: OpenVINOModel,
        definition: ModelDefinition,
        defaults: [String: String]
    ) throws(InferenceError) -> OpenVINOLibrary.Handle {
        let library = model.runtime.library
        let settings = OpenVINOProperties.settings(for: definition, defaults: defaults)
        // One block of memory for all texts, each with its end.
        var text: [CChar] = []
        var offsets: [(key: Int, value: Int)] = []
        for (key, value) in settings {
            let start = text.count
            text += Array(key.utf8CString)
            offsets.append((start, text.count))
            text += Array(value.utf8CString)
        }
        var compiled: OpenVINOLibrary.Handle?
        let status = text.withUnsafeBufferPointer { buffer in
            let properties = offsets.map { offset in
                nt_ov_property(key: buffer.baseAddress.map { $0 + offset.key }, value: buffer.baseAddress.map { UnsafeRawPointer($0 + offset.value) })
            }
            return library.compileModel(model.runtime.core, model.handle, "CPU", properties.count, properties, &compiled)
        }
        let given = settings.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        try library.check(status, "cannot compile the model with \(given)", code: .invalidArgument)
        guard let compiled else { throw InferenceError(.internal, "OpenVINO compiled no model") }
        return compiled
    }
}

/// One inference request of OpenVINO, used by one thread at a time.
final class OpenVINOInstance: @unchecked Sendable {
    // Unchecked: whoever uses an instance has taken it from the backend's list of free ones.
    private let model: OpenVINOCompiledModel
    private let handle: OpenVINOLibrary.Handle

    private var library: OpenVINOLibrary { model.runtime.library }

    init(_ model: OpenVINOCompiledModel) throws(InferenceError) {
        self.model = model
        var request: OpenVINOLibrary.Handle?
        let library = model.runtime.library
        try library.check(library.createRequest(model.handle, &request), "cannot make an inference request")
        guard let request else { throw InferenceError(.internal, "OpenVINO made no inference request") }
        handle = request
    }

    deinit { model.runtime.library.freeRequest(handle) }

    /// Executes requests that fit each other.
    func execute(_ requests: [InferenceRequest]) throws(InferenceError) -> [InferenceResult] {
        var inputs: [Tensor] = []
        for input in model.definition.inputs {
            var tensors: [Tensor] = []
            for request in requests {
                guard let tensor = request.inputs[input.name] else {
                    throw InferenceError(.invalidArgument, "model '\(model.definition.name)' needs the input '\(input.name)'")
                }
                tensors.append(tensor)
            }
            inputs.append(OpenVINOStack.stack(tensors))
        }
        try infer(inputs[...])
        var results = [NamedTensors](repeating: NamedTensors(), count: requests.count)
        let sizes = requests.map(\.batchSize)
        for (position, output) in model.definition.outputs.enumerated() {
            let isWanted = requests.contains { $0.requestedOutputs.isEmpty || $0.requestedOutputs.contains(output.name) }
            guard isWanted else { continue }
            let parts = try OpenVINOStack.split(self.output(position, name: output.name), sizes: sizes, name: output.name)
            for (index, part) in parts.enumerated() { results[index].append(part, name: output.name) }
        }
        return results.map { .success($0) }
    }

    /// Gives the inputs to OpenVINO where they lie, one within the other, and executes with all of them in place.
    private func infer(_ inputs: ArraySlice<Tensor>) throws(InferenceError) {
        guard let input = inputs.first else {
            return try library.check(library.infer(handle), "model '\(model.definition.name)' failed")
        }
        let index = model.inputIndexes[inputs.startIndex]
        let name = model.definition.inputs[inputs.startIndex].name
        func use(_ tensor: OpenVINOLibrary.Handle) throws(InferenceError) {
            defer { library.freeTensor(tensor) }
            try library.check(library.setInput(handle, index, tensor), "input '\(name)' of model '\(model.definition.name)'", code: .invalidArgument)
            try infer(inputs.dropFirst())
        }
        if input.dataType == .bytes { return try use(library.stringTensor(input.byteStrings(), shape: input.shape)) }
        let result: Result<Void, InferenceError> = input.storage.withUnsafeBytes { bytes in
            Result { () throws(InferenceError) in try use(try tensor(over: bytes, like: input)) }
        }
        try result.get()
    }

    /// A tensor over memory that outlives the call; an empty one has memory of its own.
    private func tensor(over bytes: UnsafeRawBufferPointer, like tensor: Tensor) throws(InferenceError) -> OpenVINOLibrary.Handle {
        let type = OpenVINOLibrary.elementType(tensor.dataType)
        return try library.withShape(tensor.shape) { shape throws(InferenceError) in
            var result: OpenVINOLibrary.Handle?
            let status: nt_ov_status
            if let start = bytes.baseAddress, !bytes.isEmpty {
                // OpenVINO does not write to inputs; its interface just does not say so.
                status = library.createTensorOverMemory(type, shape, UnsafeMutableRawPointer(mutating: start), &result)
            } else {
                status = library.createTensor(type, shape, &result)
            }
            try library.check(status, "a tensor of shape \(Tensor.text(of: tensor.shape)) cannot be made", code: .invalidArgument)
            guard let result else { throw InferenceError(.internal, "OpenVINO made no tensor") }
            return result
        }
    }

    /// A copy of an output.
    private func output(_ position: Int, name: String) throws(InferenceError) -> Tensor {
        var found: OpenVINOLibrary.Handle?
        try library.check(library.getOutput(handle, model.outputIndexes[position], &found), "output '\(name)' cannot be read")
        guard let tensor = found else { throw InferenceError(.internal, "OpenVINO gave no tensor for output '\(name)'") }
        defer { library.freeTensor(tensor) }
        var type: nt_ov_element_type = 0
        try library.check(library.tensorElementType(tensor, &type), "the type of output '\(name)' cannot be read")
        guard let dataType = OpenVINOLibrary.dataType(type) else {
            throw InferenceError(.internal, "output '\(name)' has an element type that cannot be sent")
        }
        var axes = nt_ov_shape()
        try library.check(library.tensorShape(tensor, &axes), "the shape of output '\(name)' cannot be read")
        let shape = (0..<Int(axes.rank)).map { Int(axes.dims[$0]) }
        _ = library.freeShape(&axes)
        if dataType == .bytes { return try Tensor(bytes: library.strings(of: tensor, count: shape.reduce(1, *)), shape: shape) }
        var size = 0
        try library.check(library.tensorByteSize(tensor, &size), "the size of output '\(name)' cannot be read")
        var data: OpenVINOLibrary.Handle?
        if size > 0 { try library.check(library.tensorData(tensor, &data), "the values of output '\(name)' cannot be read") }
        let storage = [UInt8](UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : size))
        return Tensor(uncheckedDataType: dataType, shape: shape, storage: storage)
    }
}
