public import Inference
public import InferenceServer

/// Settings of a ``Server``.
public struct ServerConfiguration: Sendable {
    /// Tracing of requests.
    public struct Tracing: Sendable {
        /// Words as `--trace-config` has them, for example `level=TIMESTAMPS`; read when the server is made.
        public var traceConfig: [String]

        /// Without words nothing is traced.
        public init(traceConfig: [String] = []) {
            self.traceConfig = traceConfig
        }
    }

    /// Host, port and limits of the HTTP front end.
    public var http: InferenceHTTPServer.Configuration
    public var tracing: Tracing
    /// The models to begin with.
    public var models: [Model]

    public init(http: InferenceHTTPServer.Configuration = .init(), tracing: Tracing = .init(), models: [Model] = []) {
        self.http = http
        self.tracing = tracing
        self.models = models
    }
}
