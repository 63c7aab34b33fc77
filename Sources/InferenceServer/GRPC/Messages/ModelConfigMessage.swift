internal import Inference
internal import ProtobufCoding

/// `ModelConfigResponse { 1 config ModelConfig }`: a model's declaration as Triton's `ModelConfig`.
enum ModelConfigMessage {
    static func response(_ model: ModelDefinition) -> [UInt8] {
        ProtobufWriter.message(reserving: 1024) { writer in
            writer.message(1) { write(model, to: &$0) }
        }
    }

    private static func write(_ model: ModelDefinition, to writer: inout ProtobufWriter) {
        writer.text(1, model.name)
        writer.text(2, model.platform)
        // version_policy { 1 latest { 1 num_versions } }
        writer.message(3) { $0.message(1) { $0.number(1, 1) } }
        writer.number(4, model.maxBatchSize)
        for input in model.inputs { writer.message(5) { writeInput(input, to: &$0) } }
        for output in model.outputs { writer.message(6) { writeOutput(output, to: &$0) } }
        if model.ensemble == nil { writer.message(7) { writeInstances(model, to: &$0) } }
        writer.text(8, model.defaultModelFilename)
        writeScheduling(model, to: &writer)
        // optimization { 5 input_pinned_memory { 1 enable }, 6 output_pinned_memory { 1 enable } }
        writer.message(12) { writer in
            writer.message(5) { $0.flag(1, true) }
            writer.message(6) { $0.flag(1, true) }
        }
        for (name, text) in model.parameters.sorted(by: { $0.key < $1.key }) { writer.entry(14, name) { $0.text(1, text) } }
        for warmup in model.warmups { writer.message(16) { write(warmup, to: &$0) } }
        writer.text(17, model.backendName)
        if model.isDecoupled { writer.message(19) { $0.flag(1, true) } }
        if model.usesResponseCache { writer.message(24) { $0.flag(1, true) } }
    }

    /// `ModelInput { 1 name, 2 data_type, 4 dims, 8 optional }`
    private static func writeInput(_ input: TensorSpecification, to writer: inout ProtobufWriter) {
        writer.text(1, input.name)
        writer.number(2, input.dataType.configurationNumber)
        writer.packed(4, input.shape)
        writer.flag(8, input.isOptional)
    }

    /// `ModelOutput { 1 name, 2 data_type, 3 dims }`
    private static func writeOutput(_ output: TensorSpecification, to writer: inout ProtobufWriter) {
        writer.text(1, output.name)
        writer.number(2, output.dataType.configurationNumber)
        writer.packed(3, output.shape)
    }

    /// `ModelInstanceGroup { 1 name, 2 count, 4 kind (2: KIND_CPU), 6 rate_limiter { 1 resources { 1 name, 3 count }, 2 priority } }`
    private static func writeInstances(_ model: ModelDefinition, to writer: inout ProtobufWriter) {
        writer.text(1, "\(model.name)_0")
        writer.number(2, model.instanceCount)
        writer.number(4, 2)
        guard let limiter = model.rateLimiter else { return }
        writer.message(6) { writer in
            for (name, count) in limiter.resources.sorted(by: { $0.key < $1.key }) {
                writer.message(1) { writer in
                    writer.text(1, name)
                    writer.number(3, count)
                }
            }
            writer.number(2, limiter.priority)
        }
    }

    // MARK: Scheduling

    private static func writeScheduling(_ model: ModelDefinition, to writer: inout ProtobufWriter) {
        if let ensemble = model.ensemble {
            writer.message(15) { write(ensemble, to: &$0) }
            return
        }
        switch model.batching {
        case .none: break
        case .dynamic(let batching): writer.message(11) { write(batching, to: &$0) }
        case .sequence(let batching): writer.message(13) { write(batching, to: &$0) }
        }
    }

    /// `ModelDynamicBatching { 1 preferred_batch_size, 2 max_queue_delay_microseconds, 3 preserve_ordering, 4 priority_levels,
    /// 5 default_priority_level, 6 default_queue_policy, 7 priority_queue_policy map<uint64, ModelQueuePolicy> }`
    private static func write(_ batching: DynamicBatching, to writer: inout ProtobufWriter) {
        writer.packed(1, batching.preferredBatchSizes)
        writer.number(2, batching.maxQueueDelayMicroseconds)
        writer.flag(3, batching.preserveOrdering)
        writer.number(4, batching.priorityLevels)
        writer.number(5, batching.defaultPriorityLevel)
        if batching.defaultQueuePolicy != QueuePolicy() { writer.message(6) { write(batching.defaultQueuePolicy, to: &$0) } }
        for (level, policy) in batching.priorityQueuePolicies.sorted(by: { $0.key < $1.key }) {
            writer.message(7) { writer in
                writer.number(1, level)
                writer.message(2) { write(policy, to: &$0) }
            }
        }
    }

    /// `ModelQueuePolicy { 1 timeout_action, 2 default_timeout_microseconds, 3 allow_timeout_override, 4 max_queue_size }`
    private static func write(_ policy: QueuePolicy, to writer: inout ProtobufWriter) {
        writer.number(1, policy.timeoutAction == .delay ? 1 : 0)
        writer.number(2, policy.defaultTimeoutMicroseconds)
        writer.flag(3, policy.allowTimeoutOverride)
        writer.number(4, policy.maxQueueSize)
    }

    /// `ModelSequenceBatching { 1 max_sequence_idle_microseconds, 2 control_input, 3 direct, 4 oldest, 5 state }`
    private static func write(_ batching: SequenceBatching, to writer: inout ProtobufWriter) {
        writer.number(1, batching.maxSequenceIdleMicroseconds)
        for control in batching.controlInputs {
            // ControlInput { 1 name, 2 control }
            writer.message(2) { writer in
                writer.text(1, control.name)
                writer.message(2) { write(control, to: &$0) }
            }
        }
        switch batching.strategy {
        case .direct(let delay, let utilization):
            writer.message(3) { writer in
                writer.number(1, delay)
                writer.float(2, Float(utilization))
            }
        case .oldest(let candidates, let preferred, let delay):
            writer.message(4) { writer in
                writer.number(1, candidates)
                writer.packed(2, preferred)
                writer.number(3, delay)
            }
        }
        for state in batching.states {
            writer.message(5) { writer in
                writer.text(1, state.inputName)
                writer.text(2, state.outputName)
                writer.number(3, state.dataType.configurationNumber)
                writer.packed(4, state.shape)
            }
        }
    }

    /// `Control { 1 kind, 2 int32_false_true, 3 fp32_false_true, 4 data_type, 5 bool_false_true }`
    private static func write(_ control: SequenceBatching.ControlInput, to writer: inout ProtobufWriter) {
        let kind =
            switch control.kind {
            case .start: 0
            case .ready: 1
            case .end: 2
            case .correlationID: 3
            }
        writer.number(1, kind)
        switch control.dataType {
        case _ where control.kind == .correlationID: writer.number(4, control.dataType.configurationNumber)
        case .fp32:
            guard !control.falseTrue.isEmpty else { break }
            writer.message(3) { writer in
                for value in control.falseTrue { writer.fixed32(Float(value).bitPattern) }
            }
        case .bool: writer.packed(5, control.falseTrue.map { $0 == 0 ? 0 : 1 })
        default: writer.packed(2, control.falseTrue.map { Int($0) })
        }
    }

    /// `ModelEnsembling { 1 step repeated Step }`, `Step { 1 model_name, 2 model_version, 3 input_map, 4 output_map }`
    private static func write(_ ensemble: Ensemble, to writer: inout ProtobufWriter) {
        for step in ensemble.steps {
            writer.message(1) { writer in
                writer.text(1, step.modelName)
                writer.number(2, step.modelVersion ?? -1)
                for (name, tensor) in step.inputMap.sorted(by: { $0.key < $1.key }) { writer.entry(3, name, tensor) }
                for (name, tensor) in step.outputMap.sorted(by: { $0.key < $1.key }) { writer.entry(4, name, tensor) }
            }
        }
    }

    /// `ModelWarmup { 1 name, 2 batch_size, 3 inputs map<string, Input>, 4 count }`,
    /// `Input { 1 data_type, 2 dims, 3 zero_data, 4 random_data, 5 input_data_file }`
    private static func write(_ warmup: ModelWarmup, to writer: inout ProtobufWriter) {
        writer.text(1, warmup.name)
        writer.number(2, warmup.batchSize)
        for (name, input) in warmup.inputs.sorted(by: { $0.key < $1.key }) {
            writer.entry(3, name) { writer in
                writer.number(1, input.dataType.configurationNumber)
                writer.packed(2, input.shape)
                switch input.content {
                case .zeros: writer.flag(3, true)
                case .random: writer.flag(4, true)
                case .file(let file): writer.text(5, file)
                }
            }
        }
        writer.number(4, warmup.count)
    }
}

extension DataType {
    /// The value of the enumeration `DataType` of model configurations.
    fileprivate var configurationNumber: Int {
        switch self {
        case .bool: 1
        case .uint8: 2
        case .uint16: 3
        case .uint32: 4
        case .uint64: 5
        case .int8: 6
        case .int16: 7
        case .int32: 8
        case .int64: 9
        case .fp16: 10
        case .fp32: 11
        case .fp64: 12
        case .bytes: 13
        case .bf16: 14
        }
    }
}
