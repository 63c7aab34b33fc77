internal import Inference
internal import JSONCoding
internal import NIOCore

/// `GET /v2/models/{model}/config`: Triton's model configuration extension, with the members of its `ModelConfig` message.
enum ModelConfigJSON {
    static func reply(_ model: ModelDefinition) -> HTTPReply {
        HTTPReply(body: ByteBuffer(bytes: value(model).bytes))
    }

    private static func value(_ model: ModelDefinition) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("name", .string(model.name)),
            ("platform", ""),
            ("backend", "swift"),
            ("runtime", ""),
            ("version_policy", ["latest": ["num_versions": 1]]),
            ("max_batch_size", .number(String(model.maxBatchSize))),
            ("input", .array(model.inputs.map(input))),
            ("output", .array(model.outputs.map(output))),
            ("batch_input", []),
            ("batch_output", []),
            (
                "optimization",
                [
                    "priority": "PRIORITY_DEFAULT",
                    "input_pinned_memory": ["enable": true],
                    "output_pinned_memory": ["enable": true],
                    "gather_kernel_buffer_threshold": 0,
                    "eager_batching": false,
                ]
            ),
        ]
        if model.maxBatchSize > 1 { members.append(("dynamic_batching", dynamicBatching(model))) }
        members += [
            ("instance_group", [instanceGroup(model)]),
            ("default_model_filename", ""),
            ("cc_model_filenames", [:]),
            ("metric_tags", [:]),
            ("parameters", [:]),
            ("model_warmup", []),
        ]
        return .object(JSONObject(members.map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }

    private static func input(_ tensor: TensorSpecification) -> JSONValue {
        [
            "name": .string(tensor.name),
            "data_type": .string(tensor.dataType.configurationName),
            "format": "FORMAT_NONE",
            "dims": dims(tensor),
            "is_shape_tensor": false,
            "allow_ragged_batch": false,
            "optional": .bool(tensor.isOptional),
            "is_non_linear_format_io": false,
        ]
    }

    private static func output(_ tensor: TensorSpecification) -> JSONValue {
        [
            "name": .string(tensor.name),
            "data_type": .string(tensor.dataType.configurationName),
            "dims": dims(tensor),
            "label_filename": "",
            "is_shape_tensor": false,
            "is_non_linear_format_io": false,
        ]
    }

    private static func dims(_ tensor: TensorSpecification) -> JSONValue {
        .array(tensor.shape.map { .number(String($0)) })
    }

    private static func dynamicBatching(_ model: ModelDefinition) -> JSONValue {
        [
            "preferred_batch_size": [.number(String(model.maxBatchSize))],
            "max_queue_delay_microseconds": 0,
            "preserve_ordering": false,
            "priority_levels": 0,
            "default_priority_level": 0,
            "default_queue_policy": ["max_queue_size": .number(String(model.maxQueueSize))],
            "priority_queue_policy": [:],
        ]
    }

    private static func instanceGroup(_ model: ModelDefinition) -> JSONValue {
        [
            "name": .string("\(model.name)_0"),
            "kind": "KIND_CPU",
            "count": .number(String(model.instanceCount)),
            "gpus": [],
            "secondary_devices": [],
            "profile": [],
            "passive": false,
            "host_policy": "",
        ]
    }
}
