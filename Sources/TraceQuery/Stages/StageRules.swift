/// The one table of names by which spans, events and attributes of inference servers tell their stages.
///
/// Triton (and our own server), PyTriton, vLLM, BentoML and Envoy; attributes of language models are in ``LLMAttribute``.
public enum StageRules {
    /// Spans that are a stage from start to end: vLLM's detailed spans.
    static let phases: [String: Stage] = [
        "vllm_queue": .queue,
        "vllm_async_kv_transfer": .input,
        "vllm_prefill": .prefill,
        "vllm_decode": .decode,
    ]

    /// Triton's front end, and ours.
    static let request = "InferRequest"
    /// Triton's execution, and ours.
    static let compute = "compute"
    /// Says which model a span of Triton's is about; its documentation writes it without the prefix.
    static let modelName = ["triton.model_name", "model_name"]
    static let modelVersion = ["triton.model_version", "model_version"]
    static let batchID = "batch.id"
    static let batchSize = "batch.size"
    static let batchRequests = "batch.requests"
    static let instance = "instance"
    /// The most requests that a model takes together, where a server tells.
    static let maximumBatch = ["batch.max_size", "model.max_batch_size", "max_batch_size"]
    /// How long a request is, where somebody tells: what padding a batch to its longest member wastes follows from it.
    public static let lengths = ["inference.tokens", "batch.tokens", "gen_ai.usage.input_tokens"]
    /// Who asked, on the root of a trace.
    static let clients = ["client.app", "client.name", "client.id", "app.client", "enduser.id"]

    /// Spans in which a model comes, is made ready, or goes: vLLM's start-up, and what others call it.
    static let lifecycles: [String: ModelLifecycle.Kind] = [
        "Overall Loading": .load, "Load model": .load, "load_model": .load, "model.load": .load, "ModelLoad": .load,
        "Warmup (GPU)": .warmUp, "Warmup (CPU)": .warmUp, "warmup": .warmUp, "model.warmup": .warmUp,
        "unload_model": .unload, "model.unload": .unload, "ModelUnload": .unload,
    ]

    /// vLLM's request.
    static let languageModelRequest = "llm_request"

    /// Envoy's request, and its attempts upstream: `router <cluster> egress`.
    static let gateway = "ingress"
    static let attemptPrefix = "router "
    static let attemptSuffix = " egress"
    static let gatewayScope = "envoy"
    static let gatewayReceived = "last_downstream_rx_byte_received"
    static let gatewaySendStart = "first_downstream_tx_byte_sent"
    static let gatewaySendEnd = "last_downstream_tx_byte_sent"

    /// Web frameworks of Python: a server span with a span for each message, in or out.
    static let messageReceived = " http receive"
    static let messageSent = " http send"
    /// What kind of message; the key was `type` in older releases.
    static let messageType = ["asgi.event.type", "type"]
    static let disconnect = "http.disconnect"
    /// BentoML uses the plain middleware; its handler is where the model runs.
    static let bentoScope = "opentelemetry.instrumentation.asgi"
    static let frameworkScopes: Set = [
        bentoScope, "opentelemetry.instrumentation.fastapi", "opentelemetry.instrumentation.starlette",
    ]
}
