internal import NeedletailTracing
internal import ServiceContextModule

extension Model {
    /// Executes the model's warm-ups, each as often as it says, on every instance. The backend must be loaded.
    ///
    /// - Parameter modelDirectory: the folder within which `warmup/` holds the files of inputs; `nil`: there are none.
    /// - Throws: `invalidArgument` for a sample that does not fit, otherwise what the model failed with.
    package func warmUp(modelDirectory: String? = nil) async throws(InferenceError) {
        for warmup in definition.warmups {
            let requests: [InferenceRequest]
            do {
                requests = try self.requests(warmup, modelDirectory: modelDirectory)
            } catch {
                throw failure(error.code, warmup, error.message)
            }
            for instance in 0..<definition.instanceCount {
                for _ in 0..<max(1, warmup.count) { try await execute(warmup, ModelBatch(requests: requests, instance: instance)) }
            }
        }
    }

    private func execute(_ warmup: ModelWarmup, _ batch: ModelBatch) async throws(InferenceError) {
        let results: [InferenceResult]
        do {
            results = try await backend.execute(batch)
        } catch {
            throw failure(.internal, warmup, "\((error as? InferenceError)?.message ?? "\(type(of: error)): \(error)")")
        }
        guard results.count == batch.requests.count else {
            throw failure(.internal, warmup, "the model gave \(results.count) results for \(batch.requests.count) requests")
        }
        for case .failure(let error) in results {
            throw failure(.internal, warmup, "\((error as? InferenceError)?.message ?? "\(type(of: error)): \(error)")")
        }
    }

    private func failure(_ code: InferenceError.Code, _ warmup: ModelWarmup, _ text: String) -> InferenceError {
        InferenceError(code, "failed to run warmup sample '\(warmup.name)' of model '\(definition.name)': \(text)")
    }

    // MARK: Samples

    /// 1 GiB.
    private static let maxWarmupFileSize = 1 << 30

    /// As many requests as the batch is large, each of one row.
    private func requests(_ warmup: ModelWarmup, modelDirectory: String?) throws(InferenceError) -> [InferenceRequest] {
        guard warmup.batchSize <= max(1, definition.maxBatchSize) else {
            throw InferenceError(.invalidArgument, "the batch size is \(warmup.batchSize), but the model takes \(max(1, definition.maxBatchSize)) at most")
        }
        var requests: [InferenceRequest] = []
        for _ in 0..<max(1, warmup.batchSize) {
            var request = UncheckedRequest(id: "warmup")
            for (name, input) in warmup.inputs.sorted(by: { $0.key < $1.key }) {
                request.inputs[name] = try tensor(input, name: name, modelDirectory: modelDirectory)
            }
            let batchSize = try definition.validate(request)
            var checked = InferenceRequest(
                id: request.id,
                modelName: definition.name,
                modelVersion: definition.version,
                inputs: request.inputs,
                batchSize: batchSize,
                exchange: WarmupExchange()
            )
            if let sequences = SequenceInputs(definition) {
                checked = try sequences.prepared(checked, mark: SequenceMark(id: .number(1), isStart: true, isEnd: true))
            }
            requests.append(checked)
        }
        return requests
    }

    private func tensor(_ input: ModelWarmup.Input, name: String, modelDirectory: String?) throws(InferenceError) -> Tensor {
        let declared = (definition.isBatching ? [1] : []) + input.shape
        let zeros = try Tensor.zeros(input.dataType, shape: declared)
        switch input.content {
        case .zeros: return zeros
        case .random: return try random(like: zeros)
        case .file(let file):
            guard let modelDirectory else {
                throw InferenceError(.invalidArgument, "input '\(name)' is the file '\(file)', but the model lies in no folder")
            }
            guard !file.split(separator: "/").contains("..") else {
                throw InferenceError(.invalidArgument, "input '\(name)': the file '\(file)' must lie within the folder 'warmup' of the model")
            }
            let path = "\(modelDirectory)/warmup/\(file)"
            do {
                let bytes = try BoundedFile.read(path, maximumSize: Self.maxWarmupFileSize)
                return try Tensor(dataType: input.dataType, shape: declared, storage: bytes)
            } catch {
                throw InferenceError(.invalidArgument, "input '\(name)', file '\(path)': \(error)")
            }
        }
    }

    private func random(like zeros: Tensor) throws(InferenceError) -> Tensor {
        switch zeros.dataType {
        case .fp16, .fp32, .fp64, .bf16:
            return try Tensor((0..<zeros.elementCount).map { _ in Double.random(in: 0..<1) }, shape: zeros.shape).converted(to: zeros.dataType)
        case .bool:
            return try Tensor((0..<zeros.elementCount).map { _ in Bool.random() }, shape: zeros.shape)
        case .bytes:
            return try Tensor(strings: (0..<zeros.elementCount).map { _ in String(UInt64.random(in: 0 ... .max)) }, shape: zeros.shape)
        default:
            let storage = zeros.storage.map { _ in UInt8.random(in: 0 ... .max) }
            return Tensor(uncheckedDataType: zeros.dataType, shape: zeros.shape, storage: storage)
        }
    }
}

/// Takes the responses that a decoupled model gives while it is warmed up.
private struct WarmupExchange: RequestExchange {
    var isCancelled: Bool { false }

    func send(_ outputs: NamedTensors) async throws(InferenceError) {}

    func call(
        _ call: ModelCall,
        parent: InferenceRequest,
        onResponse: (@Sendable (NamedTensors) async throws -> Void)?
    ) async throws(InferenceError) -> NamedTensors {
        throw InferenceError(.unsupported, "a model cannot call others while it is warmed up")
    }
}
