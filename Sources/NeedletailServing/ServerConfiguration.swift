public import Inference
internal import InferenceBackends
internal import InferenceServer
public import TraceModel

/// Settings of a ``Server``.
public struct ServerConfiguration: Sendable {
    /// The HTTP front end: where it listens, and its limits.
    public struct HTTP: Sendable {
        public var host: String
        /// 0 lets the system choose; see ``Server/boundPort``.
        public var port: Int
        /// Bytes of a request's body, also after decompression; a larger one is answered with 413.
        public var maxBodySize: Int
        /// Connections that may wait to be accepted.
        public var backlog: Int
        /// Words as Triton's `--http-restricted-api` has them: `shared-memory,logging:admin-key=secret`.
        public var restrictedAPIs: [String] = []
        /// Headers in whose name this regular expression is found become parameters of the request, as with Triton's
        /// `--http-header-forward-pattern`.
        public var headerForwardPattern: String?

        /// 64 MiB.
        public static let defaultMaxBodySize = InferenceHTTPServer.Configuration.defaultMaxBodySize

        public init(host: String = "127.0.0.1", port: Int = DefaultPort.inferenceHTTP, maxBodySize: Int = HTTP.defaultMaxBodySize, backlog: Int = 1024) {
            self.host = host
            self.port = port
            self.maxBodySize = maxBodySize
            self.backlog = backlog
        }

        func frontEnd() throws -> InferenceHTTPServer.Configuration {
            var frontEnd = InferenceHTTPServer.Configuration(host: host, port: port, maxBodySize: maxBodySize, backlog: backlog)
            frontEnd.restrictedAPIs = try RestrictedAPIs(restrictedAPIs)
            frontEnd.headerForwardPattern = headerForwardPattern
            return frontEnd
        }
    }

    /// Tracing of requests.
    public struct Tracing: Sendable {
        /// Words as `--trace-config` has them, for example `level=TIMESTAMPS`; read when the server is made.
        public var traceConfig: [String]
        /// A file with a tracing block as BentoML has it (`TracingConfiguration(bentoMLFile:)`): exporter, share of requests,
        /// excluded URLs. When it is `nil`, that of `BENTOML_CONFIG`, if any. Words win over it.
        public var file: String?
        /// Words that count where neither ``traceConfig`` nor a file says anything.
        package var defaultWords: [String] = []
        /// The longest time that a stop spends on exporting the spans that are left; the rest is dropped and counted.
        public var flushTimeout: Duration

        /// Without words and file nothing is traced.
        public init(traceConfig: [String] = [], file: String? = nil, flushTimeout: Duration = .seconds(10)) {
            self.traceConfig = traceConfig
            self.file = file
            self.flushTimeout = flushTimeout
        }
    }

    /// Worker processes of Python models.
    public struct Python: Sendable {
        /// The interpreter; `nil`: `NEEDLETAIL_PYTHON`, that of the active virtual environment, or `python3`.
        public var executable: String?
        /// The longest time from starting a worker until it is ready.
        public var startTimeout: Duration = .seconds(120)
        /// The longest time that one batch takes; a worker that takes longer is ended and started again. `nil`: no limit.
        public var batchTimeout: Duration?
        /// How long a worker may finish when it is stopped; then it is ended by force.
        public var stopTimeout: Duration = .seconds(5)

        /// A socket for Python processes that serve their own callables and show the token of `NEEDLETAIL_WORKER_TOKEN`; `nil`: none.
        public var workerSocket: String?

        public init() {}

        var settings: PythonSettings {
            PythonSettings(executable: executable, startTimeout: startTimeout, batchTimeout: batchTimeout, stopTimeout: stopTimeout)
        }
    }

    /// The metrics port, for Prometheus.
    public struct Metrics: Sendable {
        public var host: String
        /// 0 lets the system choose; see ``Server/boundMetricsPort``.
        public var port: Int
        /// How long a CPU utilization counts before it is taken anew.
        public var intervalMilliseconds = MetricsHTTPServer.Configuration.defaultIntervalMilliseconds
        /// Words as Triton's `--metrics-config` has them: `histogram_latencies=false`.
        public var settings: [String] = []
        /// What the machine and this process use is among the metrics.
        public var tellsHostUsage = true

        public init(host: String = "127.0.0.1", port: Int = DefaultPort.inferenceMetrics) {
            self.host = host
            self.port = port
        }
    }

    /// What is logged; clients may change it while the server runs (`/v2/logging`).
    public struct Log: Sendable {
        /// Notices and what goes as it should.
        public var logsInfo = true
        public var logsWarnings = true
        public var logsErrors = true
        /// 0: the logger's own level; 1 and more: each request.
        public var verboseLevel: UInt32 = 0
        /// Told to clients; the lines' form is the logger's.
        public var isISO8601 = false

        public init() {}

        var settings: LoggingSettings {
            var values = LoggingSettings.Values()
            values.logsInfo = logsInfo
            values.logsWarnings = logsWarnings
            values.logsErrors = logsErrors
            values.verboseLevel = verboseLevel
            values.format = isISO8601 ? .iso8601 : .standard
            return LoggingSettings(values)
        }
    }

    /// Executions wait for what their models' `rateLimiter` names: Triton's `--rate-limit=execution_count`.
    public struct RateLimit: Hashable, Sendable {
        /// How much there is of a resource; of one that is not named, as much as the model needs that needs most.
        public var resources: [String: Int]
        /// As ``resources``, of what the whole server has once instead of once for each device.
        public var globalResources: [String: Int]

        public init(resources: [String: Int] = [:], globalResources: [String: Int] = [:]) {
            self.resources = resources
            self.globalResources = globalResources
        }
    }

    /// `nil`: no HTTP.
    public var http: HTTP?
    /// `nil`: no metrics port.
    public var metrics: Metrics?
    public var log = Log()
    /// `nil`: no gRPC.
    public var grpc: GRPC?
    public var tracing: Tracing
    /// The models to begin with.
    public var models: [Model]
    /// Python callables that are served from worker processes: `file.py:callable` or `module:callable`.
    public var pythonModels: [String] = []
    /// How Python workers are run.
    public var python = Python()
    /// Folders of models in Triton's layout, and when they are loaded.
    public var repositories = RepositoryConfiguration()
    /// Bytes of requests and answers that are kept for models with `usesResponseCache`; 0: none.
    public var responseCacheSize = 0
    /// `nil`: executions hold no resources.
    public var rateLimit: RateLimit?

    public init(http: HTTP? = HTTP(), grpc: GRPC? = GRPC(), tracing: Tracing = Tracing(), models: [Model] = []) {
        self.http = http
        self.grpc = grpc
        self.tracing = tracing
        self.models = models
    }
}
