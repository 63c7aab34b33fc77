internal import Glibc
package import Inference
internal import JSONCoding

/// Backend `python` of a model repository: Triton's `model.py` with its `TritonPythonModel`, in worker processes.
package struct PythonModelFactory: BackendFactory {
    private let runtime: PythonRuntime

    package init(runtime: PythonRuntime) { self.runtime = runtime }

    package var backendNames: Set<String> { ["python"] }
    package var modelFilenames: Set<String> { ["model.py"] }

    package func complete(_ definition: ModelDefinition, location: ModelLocation) async throws(InferenceError) -> ModelDefinition {
        let target = Self.target(definition, location: location, completes: true)
        try Self.checkFile(definition, location: location)
        let instance = try runtime.instance(target, modelName: definition.name, index: 0)
        try await runtime.start([instance], name: definition.name)
        let declaration = instance.declaration
        await instance.stop()
        guard let declaration else { throw InferenceError(.internal, "the Python worker of model '\(definition.name)' declares no model") }
        let found = try WorkerDeclaration.read(declaration)
        var complete = definition
        complete.inputs = found.inputs
        complete.outputs = found.outputs
        complete.maxBatchSize = found.maxBatchSize
        complete.isDecoupled = found.isDecoupled
        if case .none = complete.batching { complete.batching = found.batching }
        if complete.isDecoupled { complete.executionsPerInstance = WorkerDeclaration.decoupledExecutions }
        complete.backendName = "python"
        if complete.defaultModelFilename.isEmpty { complete.defaultModelFilename = "model.py" }
        return complete
    }

    package func backend(for definition: ModelDefinition, location: ModelLocation) throws(InferenceError) -> any ModelBackend {
        try Self.checkFile(definition, location: location)
        return RepositoryPythonBackend(definition, location: location, runtime: runtime)
    }

    private static func path(_ definition: ModelDefinition, _ location: ModelLocation) -> String {
        let name = definition.defaultModelFilename.isEmpty ? "model.py" : definition.defaultModelFilename
        return "\(location.versionDirectory)/\(name)"
    }

    private static func checkFile(_ definition: ModelDefinition, location: ModelLocation) throws(InferenceError) {
        let path = path(definition, location)
        guard access(path, R_OK) == 0 else {
            throw InferenceError(.invalidArgument, "model '\(definition.name)': there is no Python file '\(path)' that can be read")
        }
    }

    /// What a worker is told.
    static func target(_ definition: ModelDefinition, location: ModelLocation, completes: Bool) -> JSONValue {
        func tensors(_ list: [TensorSpecification]) -> JSONValue {
            .array(list.map { tensor in
                [
                    "name": .string(tensor.name), "dtype": .string(tensor.dataType.rawValue),
                    "shape": .array(tensor.shape.map { .number(String($0)) }), "optional": .bool(tensor.isOptional),
                ]
            })
        }
        var isDynamic = false
        if case .dynamic = definition.batching { isDynamic = true }
        let parameters = JSONObject(definition.parameters.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) })
        return [
            "model_file": .string(path(definition, location)),
            "model_dir": .string(location.modelDirectory),
            "version_dir": .string(location.versionDirectory),
            "completes": .bool(completes),
            "definition": [
                "name": .string(definition.name),
                "version": .number(String(definition.version)),
                "max_batch_size": .number(String(definition.maxBatchSize)),
                "inputs": tensors(definition.inputs),
                "outputs": tensors(definition.outputs),
                "decoupled": .bool(definition.isDecoupled),
                "instances": .number(String(definition.instanceCount)),
                "dynamic_batching": .bool(isDynamic),
                "parameters": .object(parameters),
            ],
        ]
    }
}

/// A `model.py`, executed by the workers that ``load()`` starts.
private final class RepositoryPythonBackend: ModelBackend {
    private let definition: ModelDefinition
    private let location: ModelLocation
    private let runtime: PythonRuntime
    private let loaded: LoadedPool

    init(_ definition: ModelDefinition, location: ModelLocation, runtime: PythonRuntime) {
        self.definition = definition
        self.location = location
        self.runtime = runtime
        loaded = LoadedPool()
    }

    func load() async throws {
        let target = PythonModelFactory.target(definition, location: location, completes: false)
        var instances: [WorkerInstance] = []
        for index in 0..<definition.instanceCount { instances.append(try runtime.instance(target, modelName: definition.name, index: index)) }
        try await runtime.start(instances, name: definition.name)
        let pool = WorkerPool(instances, executionsPerWorker: max(1, definition.executionsPerInstance))
        loaded.set(PythonBackend(definition, pool: pool))
    }

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
        guard let backend = loaded.backend else { throw InferenceError(.unavailable, "model '\(definition.name)' is not loaded") }
        return try await backend.execute(batch)
    }

    var isReady: Bool { loaded.backend?.isReady ?? false }

    func unload() async { await loaded.backend?.unload() }
}
