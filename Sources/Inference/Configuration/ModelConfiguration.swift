/// What a `config.pbtxt`, or its JSON, says about a model.
package struct ModelConfiguration: Sendable {
    /// The declaration as far as it is given: backends complete the rest from the model itself. Its version is 1.
    package var definition: ModelDefinition
    /// What is accepted but cannot be done here, for the log.
    package var notices: [String] = []
    /// `max_batch_size` is given.
    package var hasMaxBatchSize: Bool

    /// Reads protobuf text.
    ///
    /// - Parameters:
    ///   - file: the name that errors begin with.
    ///   - modelName: the name of the model's folder; the configuration must not say another.
    package init(text: [UInt8], file: String = "config.pbtxt", modelName: String) throws(ConfigurationError) {
        try self.init(ProtobufTextReader.read(text, file: file), modelName: modelName)
    }

    /// Reads JSON, as a load request brings it along.
    package init(json: String, name: String = "config", modelName: String) throws(ConfigurationError) {
        try self.init(ConfigurationJSON.read(json, name: name), modelName: modelName)
    }

    /// A model without a configuration.
    package init(modelName: String) {
        definition = ModelDefinition(name: modelName, inputs: [], outputs: [])
        definition.backendName = ""
        hasMaxBatchSize = false
    }

    init(_ message: ConfigurationMessage, modelName: String) throws(ConfigurationError) {
        self.init(modelName: modelName)
        if let given = message.string("name"), !given.isEmpty, given != modelName {
            throw ConfigurationError(place: message.place(of: "name"), message: "the configuration's name '\(given)' is not that of the model's folder, '\(modelName)'")
        }
        definition.platform = message.string("platform") ?? ""
        definition.backendName = message.string("backend") ?? ""
        hasMaxBatchSize = message["max_batch_size"] != nil
        definition.maxBatchSize = Int(message.integer("max_batch_size") ?? 0)
        guard definition.maxBatchSize >= 0 else {
            throw ConfigurationError(place: message.place(of: "max_batch_size"), message: "max_batch_size must be 0 (no batch axis) or more, but is \(definition.maxBatchSize)")
        }
        definition.versionPolicy = try Self.versionPolicy(message)
        definition.inputs = try message.messages("input").map { input throws(ConfigurationError) in try Self.tensor(input, kind: "input") }
        definition.outputs = try message.messages("output").map { output throws(ConfigurationError) in try Self.tensor(output, kind: "output") }
        definition.defaultModelFilename = message.string("default_model_filename") ?? ""
        definition.isDecoupled = message.message("model_transaction_policy")?.bool("decoupled") ?? false
        definition.usesResponseCache = message.message("response_cache")?.bool("enable") ?? false
        for entry in message.messages("parameters") {
            definition.parameters[entry.string("key") ?? ""] = entry.message("value")?.string("string_value") ?? ""
        }
        definition.warmups = try message.messages("model_warmup").map(Self.warmup)
        definition.batching = try SchedulingReader.batching(message, definition: definition)
        if let ensemble = message.message("ensemble_scheduling") { definition.ensemble = try SchedulingReader.ensemble(ensemble) }
        try setInstances(message)
        definition.configurationSource = message
        noteWhatIsNotHonoured(message)
    }

    private static func versionPolicy(_ message: ConfigurationMessage) throws(ConfigurationError) -> VersionPolicy {
        guard let policy = message.message("version_policy") else { return .latest(1) }
        if policy["all"] != nil { return .all }
        if let specific = policy.message("specific") {
            let versions = specific.integers("versions").map { Int($0) }
            guard !versions.isEmpty, versions.allSatisfy({ $0 > 0 }) else {
                throw ConfigurationError(place: specific.place, message: "version_policy.specific needs 'versions' above 0, got \(versions)")
            }
            return .specific(versions)
        }
        // 0 and "not given" are the same in protobuf.
        return .latest(max(1, Int(policy.message("latest")?.integer("num_versions") ?? 1)))
    }

    /// An input or output.
    static func tensor(_ message: ConfigurationMessage, kind: String) throws(ConfigurationError) -> TensorSpecification {
        guard let name = message.string("name"), !name.isEmpty else {
            throw ConfigurationError(place: message.place, message: "the \(kind) has no name")
        }
        var tensor = TensorSpecification(
            name: name,
            dataType: try dataType(message, of: "\(kind) '\(name)'"),
            shape: message.integers("dims").map { Int($0) },
            isOptional: message.bool("optional") ?? false
        )
        guard message["dims"] != nil else {
            throw ConfigurationError(place: message.place, message: "\(kind) '\(name)' has no dims; a scalar without batch axis has 'dims: [ 1 ]' with 'reshape { shape: [ ] }'")
        }
        if let wrong = tensor.shape.first(where: { $0 < -1 || $0 == 0 }) {
            throw ConfigurationError(place: message.place(of: "dims"), message: "\(kind) '\(name)': a dimension is -1 (any size) or at least 1, but one is \(wrong)")
        }
        tensor.format = message.name("format") ?? TensorSpecification.noFormat
        tensor.allowsRaggedBatch = message.bool("allow_ragged_batch") ?? false
        tensor.labelFilename = message.string("label_filename") ?? ""
        if let reshape = message.message("reshape") {
            let shape = reshape.integers("shape").map { Int($0) }
            try checkReshape(shape, of: tensor, kind: kind, place: reshape.place)
            tensor.reshape = shape
        }
        return tensor
    }

    /// The same number of elements before and after, and as many axes of any size, in the same order.
    private static func checkReshape(_ shape: [Int], of tensor: TensorSpecification, kind: String, place: String) throws(ConfigurationError) {
        let fixed = (tensor.shape.filter { $0 > 0 }.reduce(1) { $0.multipliedClamped(by: $1) }, shape.filter { $0 > 0 }.reduce(1) { $0.multipliedClamped(by: $1) })
        guard shape.allSatisfy({ $0 == -1 || $0 > 0 }), fixed.0 == fixed.1, shape.count(where: { $0 == -1 }) == tensor.shape.count(where: { $0 == -1 }) else {
            throw ConfigurationError(
                place: place,
                message: "\(kind) '\(tensor.name)': the reshape \(Tensor.text(of: shape)) must have as many elements as the dims \(Tensor.text(of: tensor.shape))"
            )
        }
    }

    /// The `data_type` of a message.
    static func dataType(_ message: ConfigurationMessage, of owner: String) throws(ConfigurationError) -> DataType {
        guard let name = message.name("data_type"), let type = DataType.allCases.first(where: { $0.configurationName == name }) else {
            let known = ConfigurationSchema.dataTypes.dropFirst().joined(separator: ", ")
            throw ConfigurationError(place: message.place, message: "\(owner) needs a data_type: one of \(known)")
        }
        return type
    }

    private static func warmup(_ message: ConfigurationMessage) throws(ConfigurationError) -> ModelWarmup {
        let name = message.string("name") ?? ""
        var inputs: [String: ModelWarmup.Input] = [:]
        for entry in message.messages("inputs") {
            guard let input = entry.message("value") else { continue }
            let inputName = entry.string("key") ?? ""
            let content: ModelWarmup.Input.Content
            if let file = input.string("input_data_file") {
                content = .file(file)
            } else if input.bool("random_data") == true {
                content = .random
            } else if input.bool("zero_data") == true {
                content = .zeros
            } else {
                throw ConfigurationError(place: input.place, message: "warm-up '\(name)', input '\(inputName)' needs zero_data, random_data or input_data_file")
            }
            inputs[inputName] = ModelWarmup.Input(
                dataType: try dataType(input, of: "warm-up '\(name)', input '\(inputName)'"),
                shape: input.integers("dims").map { Int($0) },
                content: content
            )
        }
        return ModelWarmup(name: name, batchSize: Int(message.integer("batch_size") ?? 0), inputs: inputs, count: max(1, Int(message.integer("count") ?? 1)))
    }

    private mutating func setInstances(_ message: ConfigurationMessage) throws(ConfigurationError) {
        for (index, group) in message.messages("instance_group").enumerated() {
            let count = Int(group.integer("count") ?? 1)
            guard count >= 0, count <= Self.maximumInstanceCount else {
                throw ConfigurationError(place: group.place(of: "count"), message: "an instance group's count goes from 1 to \(Self.maximumInstanceCount), but is \(count)")
            }
            let name = group.string("name") ?? ""
            definition.instanceGroups.append(
                InstanceGroup(
                    name: name.isEmpty ? "\(definition.name)_\(index)" : name,
                    kind: group.name("kind").flatMap(InstanceGroup.Kind.init) ?? .auto,
                    // 0 and "not given" are the same in protobuf.
                    count: max(1, count)
                )
            )
            if group.bool("passive") == true { notices.append("instance_group.passive is ignored: its instances take requests") }
            guard let limiter = group.message("rate_limiter"), definition.rateLimiter == nil else { continue }
            var resources: [String: Int] = [:]
            for resource in limiter.messages("resources") { resources[resource.string("name") ?? ""] = Int(resource.integer("count") ?? 1) }
            definition.rateLimiter = RateLimiterPolicy(resources: resources, priority: max(1, Int(limiter.integer("priority") ?? 1)))
        }
        if !definition.instanceGroups.isEmpty {
            definition.instanceCount = min(Self.maximumInstanceCount, definition.instanceGroups.reduce(0) { $0 + $1.count })
        }
    }

    /// Instances that one model may have.
    package static let maximumInstanceCount = 1024

    private mutating func noteWhatIsNotHonoured(_ message: ConfigurationMessage) {
        if definition.instanceGroups.contains(where: { $0.kind == .gpu }) {
            notices.append("instance_group has KIND_GPU, but there is no GPU here: its instances run on the CPU")
        }
        if let optimization = message.message("optimization") {
            if optimization["cuda"] != nil { notices.append("optimization.cuda is ignored: there is no GPU here") }
            if optimization.message("execution_accelerators")?["gpu_execution_accelerator"] != nil {
                notices.append("optimization.execution_accelerators.gpu_execution_accelerator is ignored: there is no GPU here")
            }
        }
        for (field, reason) in [
            ("batch_input", "batch inputs are not made"), ("batch_output", "batch outputs are not split"),
            ("model_operations", "there are no TensorFlow operation libraries here"),
            ("model_repository_agents", "there are no repository agents here"),
            ("model_metrics", "the buckets of --metrics-config count"), ("runtime", "the backend chooses its runtime"),
        ] where message[field]?.values.isEmpty == false && message.string(field) != "" {
            notices.append("\(field) is ignored: \(reason)")
        }
        if definition.inputs.contains(where: \.allowsRaggedBatch) {
            notices.append("allow_ragged_batch is ignored: requests are executed together when their shapes are equal")
        }
    }
}

extension ConfigurationMessage {
    /// Where a field stands, or the message when it is not there.
    func place(of name: String) -> String { self[name]?.place ?? place }
}

extension Int {
    /// The product, or the largest number instead of an overflow.
    fileprivate func multipliedClamped(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
