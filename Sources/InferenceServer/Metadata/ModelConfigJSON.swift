internal import Inference
internal import JSONCoding
internal import NIOCore

/// `GET /v2/models/{model}/config`: Triton's model configuration extension, with the members of its `ModelConfig` message and
/// their defaults. What the configuration says and this server only shows comes as it was read.
enum ModelConfigJSON {
    static func reply(_ model: ModelDefinition) -> HTTPReply {
        HTTPReply(body: ByteBuffer(bytes: value(model).bytes))
    }

    static func value(_ model: ModelDefinition) -> JSONValue {
        let source = model.configurationSource
        func shown(_ field: String, _ standard: JSONValue) -> (String, JSONValue) { (field, source?.json(field) ?? standard) }
        let isEnsemble = model.ensemble != nil
        var members: [(String, JSONValue)] = [
            ("name", .string(model.name)),
            ("platform", .string(model.platform)),
            ("backend", .string(model.backendName)),
            shown("runtime", ""),
            ("version_policy", versionPolicy(model.versionPolicy)),
            ("max_batch_size", number(model.maxBatchSize)),
            ("input", .array(model.inputs.map(input))),
            ("output", .array(model.outputs.map(output))),
            shown("batch_input", []),
            shown("batch_output", []),
        ]
        if !isEnsemble || source?["optimization"] != nil { members.append(("optimization", optimization(source))) }
        switch model.batching {
        case .none:
            // What waits is executed together all the same; only a configuration that says nothing of it is shown as it is.
            if source == nil, model.maxBatchSize > 1 { members.append(("dynamic_batching", SchedulingJSON.value(DynamicBatching(), maxBatchSize: model.maxBatchSize))) }
        case .dynamic(let batching): members.append(("dynamic_batching", SchedulingJSON.value(batching, maxBatchSize: model.maxBatchSize)))
        case .sequence(let batching): members.append(("sequence_batching", SchedulingJSON.value(batching)))
        }
        if let ensemble = model.ensemble { members.append(("ensemble_scheduling", SchedulingJSON.value(ensemble))) }
        members += [
            ("instance_group", isEnsemble ? [] : instanceGroups(model)),
            ("default_model_filename", .string(model.defaultModelFilename)),
            shown("cc_model_filenames", [:]),
            shown("metric_tags", [:]),
            ("parameters", parameters(model.parameters)),
            shown("model_warmup", []),
        ]
        for field in ["model_operations", "model_repository_agents", "model_metrics"] {
            if let value = source?.json(field) { members.append((field, value)) }
        }
        if model.usesResponseCache || source?["response_cache"] != nil { members.append(("response_cache", ["enable": .bool(model.usesResponseCache)])) }
        // Triton shows the policy of ensembles always, that of others when it is given.
        if isEnsemble || model.isDecoupled || source?["model_transaction_policy"] != nil {
            members.append(("model_transaction_policy", ["decoupled": .bool(model.isDecoupled)]))
        }
        return object(members)
    }

    static func number(_ value: Int) -> JSONValue { .number(String(value)) }

    static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members.map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }

    private static func versionPolicy(_ policy: VersionPolicy) -> JSONValue {
        switch policy {
        case .latest(let count): ["latest": ["num_versions": number(count)]]
        case .all: ["all": [:]]
        case .specific(let versions): ["specific": ["versions": .array(versions.map(number))]]
        }
    }

    private static func input(_ tensor: TensorSpecification) -> JSONValue {
        object(
            [
                ("name", .string(tensor.name)),
                ("data_type", .string(tensor.dataType.configurationName)),
                ("format", .string(tensor.format)),
                ("dims", dims(tensor.shape)),
            ] + reshape(tensor) + [
                ("is_shape_tensor", false),
                ("allow_ragged_batch", .bool(tensor.allowsRaggedBatch)),
                ("optional", .bool(tensor.isOptional)),
                ("is_non_linear_format_io", false),
            ]
        )
    }

    private static func output(_ tensor: TensorSpecification) -> JSONValue {
        object(
            [
                ("name", .string(tensor.name)),
                ("data_type", .string(tensor.dataType.configurationName)),
                ("dims", dims(tensor.shape)),
            ] + reshape(tensor) + [
                ("label_filename", .string(tensor.labelFilename)),
                ("is_shape_tensor", false),
                ("is_non_linear_format_io", false),
            ]
        )
    }

    private static func reshape(_ tensor: TensorSpecification) -> [(String, JSONValue)] {
        tensor.reshape.map { [("reshape", ["shape": dims($0)])] } ?? []
    }

    static func dims(_ shape: [Int]) -> JSONValue { .array(shape.map(number)) }

    /// The defaults, with what the configuration says in their place.
    private static func optimization(_ source: ConfigurationMessage?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("priority", "PRIORITY_DEFAULT"),
            ("input_pinned_memory", ["enable": true]),
            ("output_pinned_memory", ["enable": true]),
            ("gather_kernel_buffer_threshold", 0),
            ("eager_batching", false),
        ]
        for member in source?.json("optimization")?.objectValue?.members ?? [] {
            if let index = members.firstIndex(where: { $0.0 == member.name }) {
                members[index].1 = member.value
            } else {
                members.insert((member.name, member.value), at: 0)
            }
        }
        return object(members)
    }

    private static func parameters(_ parameters: [String: String]) -> JSONValue {
        object(parameters.sorted { $0.key < $1.key }.map { ($0.key, ["string_value": .string($0.value)]) })
    }

    private static func instanceGroups(_ model: ModelDefinition) -> JSONValue {
        let groups = model.instanceGroups.isEmpty ? [InstanceGroup(name: "\(model.name)_0", count: model.instanceCount)] : model.instanceGroups
        return .array(
            groups.enumerated().map { index, group in
                var members: [(String, JSONValue)] = [
                    ("name", .string(group.name)),
                    // What is left open is the CPU here, and so says Triton on such a machine.
                    ("kind", .string((group.kind == .auto ? .cpu : group.kind).rawValue)),
                    ("count", number(group.count)),
                ]
                if index == 0, let limiter = model.rateLimiter {
                    let resources = limiter.resources.sorted { $0.key < $1.key }.map { name, count -> JSONValue in
                        ["name": .string(name), "global": false, "count": number(count)]
                    }
                    members.append(("rate_limiter", ["resources": .array(resources), "priority": number(limiter.priority)]))
                }
                return object(members + [("gpus", []), ("secondary_devices", []), ("profile", []), ("passive", false), ("host_policy", "")])
            }
        )
    }
}
