internal import Inference

/// Settings of OpenVINO that a model's `parameters` give.
enum OpenVINOProperties {
    /// Names that OpenVINO takes as they are.
    private static let names: Set<String> = [
        "NUM_STREAMS", "INFERENCE_NUM_THREADS", "COMPILATION_NUM_THREADS", "PERFORMANCE_HINT", "PERFORMANCE_HINT_NUM_REQUESTS",
        "INFERENCE_PRECISION_HINT", "EXECUTION_MODE_HINT", "ENABLE_CPU_PINNING", "ENABLE_HYPER_THREADING", "SCHEDULING_CORE_TYPE",
        "MODEL_PRIORITY", "CACHE_DIR", "CACHE_MODE", "ENABLE_MMAP", "CPU_DENORMALS_OPTIMIZATION", "LOG_LEVEL", "DYNAMIC_QUANTIZATION_GROUP_SIZE",
        "KV_CACHE_PRECISION",
    ]

    /// The settings, sorted by name. Without a word about it a model computes in the precision of its file, and has a stream for each instance.
    static func settings(for definition: ModelDefinition, defaults: [String: String]) -> [(key: String, value: String)] {
        var settings = [
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": String(definition.instanceCount),
        ]
        for (key, value) in defaults.sorted(by: { $0.key < $1.key }) + definition.parameters.sorted(by: { $0.key < $1.key }) {
            switch key {
            case _ where names.contains(key.uppercased()): settings[key.uppercased()] = value
            // Triton's words for the same.
            case "HINT_BF16": settings["INFERENCE_PRECISION_HINT"] = ["yes", "true", "1"].contains(value.lowercased()) ? "bf16" : "f32"
            case "CPU_THREADS_NUM", "intra_op_thread_count": if value != "0" { settings["INFERENCE_NUM_THREADS"] = value }
            case "CPU_THROUGHPUT_STREAMS": settings["NUM_STREAMS"] = value
            default: break
            }
        }
        return settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
