internal import TraceModel

/// A request to the platform, and what became of it.
struct SampleRequest {
    enum Kind {
        /// `POST /v1/rank`: an ensemble of four models, one of which calls a fifth.
        case rank
        /// `GET /search` of a service that traces one request of ten: one model.
        case search
        /// `POST /v1/chat/completions`: a language model.
        case chat
    }

    enum Failure: String {
        case queueTimeout = "queue timeout"
        case outOfMemory = "CUDA out of memory"
        case featureStore = "feature store timeout"
    }

    var traceID: TraceID
    var kind: Kind
    var client: String
    var server: SampleServer
    var reranker: SampleModel
    var failure: Failure?
    /// Nanoseconds since the Unix epoch.
    var start: UInt64
    /// What the services before the model need, nanoseconds.
    var verify: UInt64
    var features: UInt64
    var receive: UInt64
    var send: UInt64
    var format: UInt64
    var steps: [SampleModel: Step] = [:]
    /// Steps of the ensemble that run at the same time and are not done.
    var openBranches = 0
    var promptTokens = 0
    var cachedTokens = 0
    var outputTokens = 0

    /// When the inference server has the request.
    var received: UInt64 { start + verify + features + receive + 350_000 }
}
