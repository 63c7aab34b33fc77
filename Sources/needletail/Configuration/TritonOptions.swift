internal import ArgumentParser

/// Flags of tritonserver that are accepted for scripts' sake and change nothing here; each that is given is said once.
struct TritonOptions: ParsableArguments {
    /// Why a flag has no effect.
    enum Reason: String {
        case processor = "models run on the processor here"
        case ownThreads = "threads follow the number of cores"
        case clients = "answers are compressed as each client asks for it"
        case elsewhere = "this server has no such feature"
    }

    @Option(help: .hidden) var id: String?
    @Option(help: .hidden) var reuseHttpPort: String?
    @Option(help: .hidden) var reuseGrpcPort: String?
    @Option(help: .hidden) var httpThreadCount: Int?
    @Option(help: .hidden) var grpcInferAllocationPoolSize: Int?
    @Option(help: .hidden) var grpcMaxResponsePoolSize: Int?
    @Option(help: .hidden) var grpcInferResponseCompressionLevel: String?
    @Option(help: .hidden) var bufferManagerThreadCount: Int?
    @Option(help: .hidden) var pinnedMemoryPoolByteSize: Int?
    @Option(help: .hidden) var cudaMemoryPoolByteSize: [String] = []
    @Option(help: .hidden) var cudaVirtualAddressSize: [String] = []
    @Option(help: .hidden) var minSupportedComputeCapability: Double?
    @Option(help: .hidden) var modelLoadGpuLimit: [String] = []
    @Option(help: .hidden) var enablePeerAccess: Switch?
    @Option(help: .hidden) var hostPolicy: [String] = []
    @Option(help: .hidden) var repoagentDirectory: String?
    @Option(help: .hidden) var modelNamespacing: Switch?
    @Option(help: .hidden) var allowGpuMetrics: Switch?
    @Option(help: .hidden) var allowSagemaker: Switch?
    @Option(help: .hidden) var allowVertexAi: Switch?

    /// The flags that were given and have no effect, each with the reason.
    var withoutEffect: [(flag: String, reason: Reason)] {
        var given: [(String, Reason)] = []
        func note(_ flag: String, _ isGiven: Bool, _ reason: Reason) {
            if isGiven { given.append((flag, reason)) }
        }
        note("id", id != nil, .elsewhere)
        note("reuse-http-port", reuseHttpPort != nil, .elsewhere)
        note("reuse-grpc-port", reuseGrpcPort != nil, .elsewhere)
        note("http-thread-count", httpThreadCount != nil, .ownThreads)
        note("grpc-infer-allocation-pool-size", grpcInferAllocationPoolSize != nil, .ownThreads)
        note("grpc-max-response-pool-size", grpcMaxResponsePoolSize != nil, .ownThreads)
        note("grpc-infer-response-compression-level", grpcInferResponseCompressionLevel.map { $0 != "none" } ?? false, .clients)
        note("buffer-manager-thread-count", bufferManagerThreadCount != nil, .ownThreads)
        note("pinned-memory-pool-byte-size", pinnedMemoryPoolByteSize != nil, .processor)
        note("cuda-memory-pool-byte-size", !cudaMemoryPoolByteSize.isEmpty, .processor)
        note("cuda-virtual-address-size", !cudaVirtualAddressSize.isEmpty, .processor)
        note("min-supported-compute-capability", minSupportedComputeCapability != nil, .processor)
        note("model-load-gpu-limit", !modelLoadGpuLimit.isEmpty, .processor)
        note("enable-peer-access", enablePeerAccess != nil, .processor)
        note("host-policy", !hostPolicy.isEmpty, .processor)
        note("allow-gpu-metrics", allowGpuMetrics?.isOn == true, .processor)
        note("repoagent-directory", repoagentDirectory != nil, .elsewhere)
        note("model-namespacing", modelNamespacing?.isOn == true, .elsewhere)
        note("allow-sagemaker", allowSagemaker?.isOn == true, .elsewhere)
        note("allow-vertex-ai", allowVertexAi?.isOn == true, .elsewhere)
        return given
    }
}
