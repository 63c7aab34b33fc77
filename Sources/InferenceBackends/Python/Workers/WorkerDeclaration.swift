internal import Inference
internal import JSONCoding

/// Reads what a worker declares about its model: docs/python-workers.md, "ready".
enum WorkerDeclaration {
    /// - Throws: `invalidArgument` that says which part is wrong.
    static func read(_ value: JSONValue) throws(InferenceError) -> ModelDefinition {
        guard let name = value["name"]?.stringValue else { throw InferenceError(.invalidArgument, "the Python model declares no name") }
        var definition = ModelDefinition(
            name: name,
            version: Int(value["version"]?.intValue ?? 1),
            inputs: try tensors(value["inputs"], model: name),
            outputs: try tensors(value["outputs"], model: name),
            maxBatchSize: Int(value["max_batch_size"]?.intValue ?? 0),
            strict: false,
            instanceCount: Int(value["instances"]?.intValue ?? 1)
        )
        guard (1...maxInstances).contains(definition.instanceCount) else {
            throw InferenceError(.invalidArgument, "model '\(name)': instances must be 1 to \(maxInstances), but is \(definition.instanceCount)")
        }
        definition.backendName = "python"
        definition.defaultModelFilename = "model.py"
        definition.isDecoupled = value["decoupled"]?.boolValue ?? false
        // As streams are long, one waits for none: Python interleaves them.
        if definition.isDecoupled { definition.executionsPerInstance = decoupledExecutions }
        definition.usesResponseCache = value["response_cache"]?.boolValue ?? false
        if let batcher = value["batcher"], batcher.objectValue != nil { definition.batching = .dynamic(dynamic(batcher)) }
        for member in value["parameters"]?.objectValue?.members ?? [] { definition.parameters[member.name] = member.value.stringValue }
        return definition
    }

    /// Batches that one worker of a decoupled model has at a time.
    static let decoupledExecutions = 256
    /// Processes for one model.
    static let maxInstances = 1024

    private static func tensors(_ value: JSONValue?, model: String) throws(InferenceError) -> [TensorSpecification] {
        var specifications: [TensorSpecification] = []
        for item in value?.arrayValue ?? [] {
            let name = item["name"]?.stringValue ?? ""
            let type = item["dtype"]?.stringValue ?? ""
            guard let dataType = DataType(rawValue: type) else {
                throw InferenceError(.invalidArgument, "model '\(model)', tensor '\(name)': '\(type)' is no element type; there are \(DataType.allCases.map(\.rawValue))")
            }
            let shape = (item["shape"]?.arrayValue ?? []).map { Int($0.intValue ?? -1) }
            specifications.append(TensorSpecification(name: name, dataType: dataType, shape: shape, isOptional: item["optional"]?.boolValue ?? false))
        }
        return specifications
    }

    private static func dynamic(_ value: JSONValue) -> DynamicBatching {
        var batching = DynamicBatching(
            preferredBatchSizes: (value["preferred_batch_size"]?.arrayValue ?? []).compactMap { $0.intValue.map(Int.init) },
            maxQueueDelayMicroseconds: UInt64(clamping: value["max_queue_delay_microseconds"]?.intValue ?? 0),
            preserveOrdering: value["preserve_ordering"]?.boolValue ?? false,
            priorityLevels: Int(value["priority_levels"]?.intValue ?? 0),
            defaultPriorityLevel: Int(value["default_priority_level"]?.intValue ?? 0)
        )
        if let policy = value["default_queue_policy"], policy.objectValue != nil { batching.defaultQueuePolicy = queuePolicy(policy) }
        for member in value["priority_queue_policy"]?.objectValue?.members ?? [] {
            if let level = Int(member.name) { batching.priorityQueuePolicies[level] = queuePolicy(member.value) }
        }
        return batching
    }

    private static func queuePolicy(_ value: JSONValue) -> QueuePolicy {
        QueuePolicy(
            timeoutAction: QueuePolicy.TimeoutAction(rawValue: value["timeout_action"]?.stringValue ?? "") ?? .reject,
            defaultTimeoutMicroseconds: UInt64(clamping: value["default_timeout_microseconds"]?.intValue ?? 0),
            allowTimeoutOverride: value["allow_timeout_override"]?.boolValue ?? false,
            maxQueueSize: Int(clamping: value["max_queue_size"]?.intValue ?? 0)
        )
    }
}
