/// Executes the steps of an ensemble: each as soon as its inputs are there, in parallel where they can.
///
/// It computes nothing itself, so each request goes its own way; the members bring requests into batches.
struct EnsembleBackend: ModelBackend {
    /// Requests of one ensemble that are under way at the same time; more wait.
    static let maximumRunningRequests = 1024

    let plan: EnsemblePlan
    let definition: ModelDefinition

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
        if batch.requests.count == 1 { return [await result(of: batch.requests[0])] }
        return await withTaskGroup(of: (Int, InferenceResult).self) { group in
            for (index, request) in batch.requests.enumerated() {
                group.addTask { (index, await result(of: request)) }
            }
            var results = [InferenceResult](repeating: .success(NamedTensors()), count: batch.requests.count)
            for await (index, result) in group { results[index] = result }
            return results
        }
    }

    private func result(of request: InferenceRequest) async -> InferenceResult {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in request.inputs { tensors[name] = tensor }
        do throws(InferenceError) {
            return .success(try await run(EnsembleProgress(tensors: tensors), request: request))
        } catch {
            return .failure(error)
        }
    }

    /// Runs what is left to do, and gives the ensemble's outputs; of a decoupled one they are sent.
    private func run(_ start: EnsembleProgress, request: InferenceRequest) async throws(InferenceError) -> NamedTensors {
        var progress = start
        // A stream splits the rest of the work into one run for each response, so it comes when nothing else can run.
        while true {
            let ready = plan.steps.indices.filter { progress.canRun($0, of: plan) }
            let plain = ready.filter { !plan.steps[$0].isDecoupled }
            if plain.count == 1, plan.isChain {
                progress.finish(plain[0], with: try await call(plain[0], progress, request))
            } else if !plain.isEmpty {
                try await runSideBySide(&progress, request: request)
            } else if let index = ready.first {
                try await stream(index, progress, request: request)
                return NamedTensors()
            } else {
                break
            }
        }
        let outputs = try outputs(of: progress, request: request)
        guard definition.isDecoupled else { return outputs }
        try await request.send(outputs)
        return NamedTensors()
    }

    /// Runs steps until none is left but decoupled ones; each is started as soon as its inputs are there.
    private func runSideBySide(_ progress: inout EnsembleProgress, request: InferenceRequest) async throws(InferenceError) {
        let start = progress
        let result: Result<EnsembleProgress, InferenceError> = await withTaskGroup(of: (Int, Result<NamedTensors, InferenceError>).self) { group in
            var progress = start
            func startReady() {
                for index in plan.steps.indices where !plan.steps[index].isDecoupled && progress.canRun(index, of: plan) {
                    progress.started.insert(index)
                    let current = progress
                    group.addTask { (index, await Result { () async throws(InferenceError) in try await call(index, current, request) }) }
                }
            }
            startReady()
            for await (index, result) in group {
                switch result {
                case .success(let outputs):
                    progress.finish(index, with: outputs)
                    startReady()
                case .failure(let error):
                    group.cancelAll()
                    return .failure(error)
                }
            }
            return .success(progress)
        }
        progress = try result.get()
    }

    /// Calls a decoupled member and runs the rest for each of its responses.
    private func stream(_ index: Int, _ progress: EnsembleProgress, request: InferenceRequest) async throws(InferenceError) {
        do throws(InferenceError) {
            try await request.call(self.modelCall(index, progress, request)) { response in
                var next = progress
                next.finish(index, with: renamed(response, step: index))
                _ = try await run(next, request: request)
            }
        } catch {
            throw named(error, step: index)
        }
    }

    private func call(_ index: Int, _ progress: EnsembleProgress, _ request: InferenceRequest) async throws(InferenceError) -> NamedTensors {
        do throws(InferenceError) {
            return renamed(try await request.call(modelCall(index, progress, request)), step: index)
        } catch {
            throw named(error, step: index)
        }
    }

    private func modelCall(_ index: Int, _ progress: EnsembleProgress, _ request: InferenceRequest) -> ModelCall {
        let step = plan.steps[index]
        var inputs = NamedTensors()
        for (input, tensor) in step.inputs {
            if let value = progress.tensors[tensor] { inputs.append(value, name: input) }
        }
        return ModelCall(
            step.modelName,
            version: step.modelVersion,
            id: request.id,
            inputs: inputs,
            requestedOutputs: step.outputs.map(\.output),
            parameters: request.parameters
        )
    }

    /// The step's outputs under the ensemble's names.
    private func renamed(_ outputs: NamedTensors, step: Int) -> NamedTensors {
        var tensors = NamedTensors()
        for (output, name) in plan.steps[step].outputs {
            if let tensor = outputs[output] { tensors.append(tensor, name: name) }
        }
        return tensors
    }

    /// Triton's words, with the step.
    private func named(_ error: InferenceError, step: Int) -> InferenceError {
        let prefix = "in ensemble '\(definition.name)', "
        guard !error.message.hasPrefix(prefix) else { return error }
        return InferenceError(error.code, "\(prefix)step '\(plan.steps[step].modelName)': \(error.message)")
    }

    private func outputs(of progress: EnsembleProgress, request: InferenceRequest) throws(InferenceError) -> NamedTensors {
        var outputs = NamedTensors()
        for name in plan.outputNames where request.requestedOutputs.isEmpty || request.requestedOutputs.contains(name) {
            guard let tensor = progress.tensors[name] else {
                throw InferenceError(.invalidArgument, "in ensemble '\(definition.name)', unexpected deadlock, at least one output is not set while no more ensemble steps can be made: '\(name)'")
            }
            outputs.append(tensor, name: name)
        }
        return outputs
    }
}

/// How far a request to an ensemble has come.
struct EnsembleProgress: Sendable {
    var tensors: [String: Tensor]
    var started: Set<Int> = []
    var finished: Set<Int> = []

    init(tensors: [String: Tensor]) { self.tensors = tensors }

    /// All that it needs is there, and it has not been started.
    func canRun(_ index: Int, of plan: EnsemblePlan) -> Bool {
        let step = plan.steps[index]
        guard !started.contains(index), step.dependencies.isSubset(of: finished) else { return false }
        return step.inputs.allSatisfy { tensors[$0.tensor] != nil || plan.optionalInputs.contains($0.tensor) }
    }

    mutating func finish(_ index: Int, with outputs: NamedTensors) {
        started.insert(index)
        finished.insert(index)
        for (name, tensor) in outputs { tensors[name] = tensor }
    }
}
