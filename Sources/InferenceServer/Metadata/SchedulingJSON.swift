internal import Inference
internal import JSONCoding

/// The part of a model configuration that says how requests are brought together.
enum SchedulingJSON {
    static func value(_ batching: DynamicBatching, maxBatchSize: Int) -> JSONValue {
        let sizes = batching.preferredBatchSizes.isEmpty ? [maxBatchSize] : batching.preferredBatchSizes
        var members: [(String, JSONValue)] = [
            ("preferred_batch_size", .array(sizes.map(ModelConfigJSON.number))),
            ("max_queue_delay_microseconds", number(batching.maxQueueDelayMicroseconds)),
            ("preserve_ordering", .bool(batching.preserveOrdering)),
            ("priority_levels", ModelConfigJSON.number(batching.priorityLevels)),
            ("default_priority_level", ModelConfigJSON.number(batching.defaultPriorityLevel)),
        ]
        if batching.defaultQueuePolicy != QueuePolicy() { members.append(("default_queue_policy", value(batching.defaultQueuePolicy))) }
        let policies = batching.priorityQueuePolicies.sorted { $0.key < $1.key }
        members.append(("priority_queue_policy", ModelConfigJSON.object(policies.map { (String($0.key), value($0.value)) })))
        return ModelConfigJSON.object(members)
    }

    private static func value(_ policy: QueuePolicy) -> JSONValue {
        [
            "timeout_action": .string(policy.timeoutAction.rawValue),
            "default_timeout_microseconds": number(policy.defaultTimeoutMicroseconds),
            "allow_timeout_override": .bool(policy.allowTimeoutOverride),
            "max_queue_size": ModelConfigJSON.number(policy.maxQueueSize),
        ]
    }

    static func value(_ batching: SequenceBatching) -> JSONValue {
        var members: [(String, JSONValue)] = []
        switch batching.strategy {
        case .direct(let delay, let utilization):
            members.append(("direct", ["max_queue_delay_microseconds": number(delay), "minimum_slot_utilization": .number("\(utilization)")]))
        case .oldest(let candidates, let sizes, let delay):
            members.append((
                "oldest",
                [
                    "max_candidate_sequences": ModelConfigJSON.number(candidates),
                    "preferred_batch_size": .array(sizes.map(ModelConfigJSON.number)),
                    "max_queue_delay_microseconds": number(delay),
                    "preserve_ordering": false,
                ]
            ))
        }
        members += [
            ("max_sequence_idle_microseconds", number(batching.maxSequenceIdleMicroseconds)),
            ("control_input", .array(batching.controlInputs.map(value))),
            ("state", .array(batching.states.map(value))),
            ("iterative_sequence", false),
        ]
        return ModelConfigJSON.object(members)
    }

    private static func value(_ input: SequenceBatching.ControlInput) -> JSONValue {
        func values(_ type: DataType, _ text: (Double) -> JSONValue) -> JSONValue {
            .array(input.dataType == type && input.kind != .correlationID ? input.falseTrue.map(text) : [])
        }
        let control: [(String, JSONValue)] = [
            ("kind", .string(input.kind.rawValue)),
            ("int32_false_true", values(.int32) { .number(String(Int($0))) }),
            ("fp32_false_true", values(.fp32) { .number("\($0)") }),
            ("bool_false_true", values(.bool) { .bool($0 != 0) }),
            ("data_type", .string(input.kind == .correlationID ? input.dataType.configurationName : "TYPE_INVALID")),
        ]
        return ["name": .string(input.name), "control": [ModelConfigJSON.object(control)]]
    }

    private static func value(_ state: SequenceBatching.State) -> JSONValue {
        [
            "input_name": .string(state.inputName),
            "output_name": .string(state.outputName),
            "data_type": .string(state.dataType.configurationName),
            "dims": ModelConfigJSON.dims(state.shape),
            "initial_state": [],
            "use_same_buffer_for_input_output": false,
            "use_growable_memory": false,
        ]
    }

    static func value(_ ensemble: Ensemble) -> JSONValue {
        func map(_ entries: [String: String]) -> JSONValue {
            ModelConfigJSON.object(entries.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        }
        return [
            "step": .array(
                ensemble.steps.map { step in
                    [
                        "model_name": .string(step.modelName),
                        "model_version": ModelConfigJSON.number(step.modelVersion ?? -1),
                        "input_map": map(step.inputMap),
                        "output_map": map(step.outputMap),
                        "model_namespace": "",
                    ]
                }
            ),
        ]
    }

    private static func number(_ value: UInt64) -> JSONValue { .number(String(value)) }
}
