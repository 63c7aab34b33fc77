/// Triton's `ModelConfig` message and all that it holds, with the field names of its published schema.
extension ConfigurationSchema {
    static let dataTypes = [
        "TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16", "TYPE_INT32",
        "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING", "TYPE_BF16",
    ]

    static let model = ConfigurationSchema("ModelConfig", [
        .string("name"), .string("platform"), .string("backend"), .string("runtime"),
        .message("version_policy", versionPolicy),
        .int32("max_batch_size"),
        .message("input", input).repeated,
        .message("output", output).repeated,
        .message("batch_input", batchInput).repeated,
        .message("batch_output", batchOutput).repeated,
        .message("optimization", optimization),
        .message("dynamic_batching", dynamicBatching, choice: "scheduling_choice"),
        .message("sequence_batching", sequenceBatching, choice: "scheduling_choice"),
        .message("ensemble_scheduling", ensembling, choice: "scheduling_choice"),
        .message("instance_group", instanceGroup).repeated,
        .string("default_model_filename"),
        .map("cc_model_filenames", .string),
        .map("metric_tags", .string),
        .map("parameters", .message(ConfigurationSchema("ModelParameter", [.string("string_value")]))),
        .message("model_warmup", warmup).repeated,
        .message("model_operations", ConfigurationSchema("ModelOperations", [.string("op_library_filename").repeated])),
        .message("model_transaction_policy", ConfigurationSchema("ModelTransactionPolicy", [.bool("decoupled")])),
        .message("model_repository_agents", ConfigurationSchema("ModelRepositoryAgents", [.message("agents", agent).repeated])),
        .message("response_cache", ConfigurationSchema("ModelResponseCache", [.bool("enable")])),
        .message("model_metrics", ConfigurationSchema("ModelMetrics", [.message("metric_control", metricControl).repeated])),
    ])

    private static let versionPolicy = ConfigurationSchema("ModelVersionPolicy", [
        .message("latest", ConfigurationSchema("Latest", [.uint32("num_versions")]), choice: "policy_choice"),
        .message("all", ConfigurationSchema("All", []), choice: "policy_choice"),
        .message("specific", ConfigurationSchema("Specific", [.int64("versions").repeated]), choice: "policy_choice"),
    ])

    private static let reshape = ConfigurationSchema("ModelTensorReshape", [.int64("shape").repeated])

    private static let input = ConfigurationSchema("ModelInput", [
        .string("name"), .enumeration("data_type", dataTypes), .enumeration("format", ["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"]),
        .int64("dims").repeated, .message("reshape", reshape), .bool("is_shape_tensor"), .bool("allow_ragged_batch"), .bool("optional"),
        .bool("is_non_linear_format_io"),
    ])

    private static let output = ConfigurationSchema("ModelOutput", [
        .string("name"), .enumeration("data_type", dataTypes), .int64("dims").repeated, .message("reshape", reshape),
        .string("label_filename"), .bool("is_shape_tensor"), .bool("is_non_linear_format_io"),
    ])

    private static let batchInput = ConfigurationSchema("BatchInput", [
        .enumeration("kind", [
            "BATCH_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO",
            "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE", "BATCH_ITEM_SHAPE", "BATCH_ITEM_SHAPE_FLATTEN",
        ]),
        .string("target_name").repeated, .enumeration("data_type", dataTypes), .string("source_input").repeated,
    ])

    private static let batchOutput = ConfigurationSchema("BatchOutput", [
        .string("target_name").repeated, .enumeration("kind", ["BATCH_SCATTER_WITH_INPUT_SHAPE"]), .string("source_input").repeated,
    ])

    private static let optimization = ConfigurationSchema("ModelOptimizationPolicy", [
        .message("graph", ConfigurationSchema("Graph", [.int32("level")])),
        .enumeration("priority", ["PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN"]),
        .message("cuda", cuda),
        .message("execution_accelerators", ConfigurationSchema("ExecutionAccelerators", [
            .message("gpu_execution_accelerator", accelerator).repeated, .message("cpu_execution_accelerator", accelerator).repeated,
        ])),
        .message("input_pinned_memory", pinnedMemory), .message("output_pinned_memory", pinnedMemory),
        .uint32("gather_kernel_buffer_threshold"), .bool("eager_batching"),
    ])

    private static let pinnedMemory = ConfigurationSchema("PinnedMemoryBuffer", [.bool("enable")])

    private static let accelerator = ConfigurationSchema("Accelerator", [.string("name"), .map("parameters", .string)])

    private static let cuda: ConfigurationSchema = {
        let shape = ConfigurationSchema("Shape", [.int64("dim").repeated])
        let lowerBound = ConfigurationSchema("LowerBound", [.int32("batch_size"), .map("input", .message(shape))])
        let specification = ConfigurationSchema("GraphSpec", [
            .int32("batch_size"), .map("input", .message(shape)), .message("graph_lower_bound", lowerBound),
        ])
        return ConfigurationSchema("Cuda", [
            .bool("graphs"), .bool("busy_wait_events"), .message("graph_spec", specification).repeated, .bool("output_copy_stream"),
        ])
    }()

    private static let queuePolicy = ConfigurationSchema("ModelQueuePolicy", [
        .enumeration("timeout_action", ["REJECT", "DELAY"]), .uint64("default_timeout_microseconds"), .bool("allow_timeout_override"),
        .uint32("max_queue_size"),
    ])

    private static let dynamicBatching = ConfigurationSchema("ModelDynamicBatching", [
        .int32("preferred_batch_size").repeated, .uint64("max_queue_delay_microseconds"), .bool("preserve_ordering"),
        .uint64("priority_levels"), .uint64("default_priority_level"), .message("default_queue_policy", queuePolicy),
        .map("priority_queue_policy", key: .integer(0 ... .max), .message(queuePolicy)),
    ])

    private static let sequenceBatching: ConfigurationSchema = {
        let control = ConfigurationSchema("Control", [
            .enumeration("kind", SequenceBatching.ControlKind.allCases.map(\.rawValue)), .int32("int32_false_true").repeated,
            .number("fp32_false_true").repeated, .bool("bool_false_true").repeated, .enumeration("data_type", dataTypes),
        ])
        let initialState = ConfigurationSchema("InitialState", [
            .enumeration("data_type", dataTypes), .int64("dims").repeated, .bool("zero_data", choice: "state_data"),
            .string("data_file", choice: "state_data"), .string("name"),
        ])
        return ConfigurationSchema("ModelSequenceBatching", [
            .message("direct", ConfigurationSchema("StrategyDirect", [
                .uint64("max_queue_delay_microseconds"), .number("minimum_slot_utilization"),
            ]), choice: "strategy_choice"),
            .message("oldest", ConfigurationSchema("StrategyOldest", [
                .int32("max_candidate_sequences"), .int32("preferred_batch_size").repeated, .uint64("max_queue_delay_microseconds"),
                .bool("preserve_ordering"),
            ]), choice: "strategy_choice"),
            .uint64("max_sequence_idle_microseconds"),
            .message("control_input", ConfigurationSchema("ControlInput", [.string("name"), .message("control", control).repeated])).repeated,
            .message("state", ConfigurationSchema("State", [
                .string("input_name"), .string("output_name"), .enumeration("data_type", dataTypes), .int64("dims").repeated,
                .message("initial_state", initialState).repeated, .bool("use_same_buffer_for_input_output"), .bool("use_growable_memory"),
            ])).repeated,
            .bool("iterative_sequence"),
        ])
    }()

    private static let ensembling = ConfigurationSchema("ModelEnsembling", [
        .message("step", ConfigurationSchema("Step", [
            .string("model_name"), .int64("model_version"), .map("input_map", .string), .map("output_map", .string), .string("model_namespace"),
        ])).repeated,
        .uint32("max_inflight_requests"),
    ])

    private static let instanceGroup: ConfigurationSchema = {
        let resource = ConfigurationSchema("Resource", [.string("name"), .bool("global"), .uint32("count")])
        let secondaryDevice = ConfigurationSchema("SecondaryDevice", [.enumeration("kind", ["KIND_NVDLA"]), .int64("device_id")])
        return ConfigurationSchema("ModelInstanceGroup", [
            .string("name"), .enumeration("kind", InstanceGroup.Kind.allCases.map(\.rawValue)), .int32("count"),
            .message("rate_limiter", ConfigurationSchema("ModelRateLimiter", [.message("resources", resource).repeated, .uint32("priority")])),
            .int32("gpus").repeated, .message("secondary_devices", secondaryDevice).repeated, .string("profile").repeated, .bool("passive"),
            .string("host_policy"),
        ])
    }()

    private static let warmup = ConfigurationSchema("ModelWarmup", [
        .string("name"), .uint32("batch_size"),
        .map("inputs", .message(ConfigurationSchema("Input", [
            .enumeration("data_type", dataTypes), .int64("dims").repeated, .bool("zero_data", choice: "input_data_type"),
            .bool("random_data", choice: "input_data_type"), .string("input_data_file", choice: "input_data_type"),
        ]))),
        .uint32("count"),
    ])

    private static let agent = ConfigurationSchema("Agent", [.string("name"), .map("parameters", .string)])

    private static let metricControl = ConfigurationSchema("MetricControl", [
        .message("metric_identifier", ConfigurationSchema("MetricIdentifier", [.string("family")])),
        .message("histogram_options", ConfigurationSchema("HistogramOptions", [.number("buckets").repeated]), choice: "metric_options"),
    ])
}
