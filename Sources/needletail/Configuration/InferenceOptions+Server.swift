internal import ArgumentParser
internal import Inference
internal import InferenceServer
internal import NeedletailServing

/// From flags to the server's settings.
extension InferenceOptions {
    /// - Throws: `ValidationError` that names the flag.
    func serverConfiguration(host: String, tracing: ServerConfiguration.Tracing) throws -> ServerConfiguration {
        var http = ServerConfiguration.HTTP(host: protocols.httpAddress ?? host, port: serving.httpPort)
        http.restrictedAPIs = protocols.httpRestrictedApi
        http.headerForwardPattern = protocols.httpHeaderForwardPattern
        var configuration = ServerConfiguration(http: protocols.allowHttp.isOn ? http : nil, grpc: try grpc(host: host), tracing: tracing, models: sampleModels)
        configuration.metrics = metrics(host: host)
        configuration.log.logsInfo = log.logInfo.isOn
        configuration.log.logsWarnings = log.logWarning.isOn
        configuration.log.logsErrors = log.logError.isOn
        configuration.log.verboseLevel = log.logVerbose
        configuration.log.isISO8601 = log.logFormat == .iso8601
        configuration.pythonModels = models.python
        configuration.python.workerSocket = serving.workerSocket
        configuration.python.executable = models.pythonExecutable ?? configuration.python.executable
        configuration.python.startTimeout = .seconds(models.pythonStartTimeoutSecs)
        configuration.python.batchTimeout = models.pythonBatchTimeoutSecs == 0 ? nil : .seconds(models.pythonBatchTimeoutSecs)
        configuration.repositories = try models.repositoryConfiguration()
        configuration.responseCacheSize = try models.responseCacheSize()
        configuration.rateLimit = try models.rateLimitConfiguration()
        return configuration
    }

    private func metrics(host: String) -> ServerConfiguration.Metrics? {
        guard let port = serving.metricsPort.number, protocols.allowMetrics.isOn else { return nil }
        var metrics = ServerConfiguration.Metrics(host: protocols.metricsAddress ?? host, port: port)
        metrics.intervalMilliseconds = protocols.metricsIntervalMs
        metrics.settings = protocols.metricsConfig
        metrics.tellsHostUsage = protocols.allowCpuMetrics.isOn
        return metrics
    }

    /// The program's own models: those that were asked for, and the sample when there would be no model at all.
    private var sampleModels: [Model] {
        sampleNames.map { name in
            switch name {
            case .passthrough: .passthrough
            }
        }
    }

    private var sampleNames: Set<ModelOptions.SampleModel> {
        let hasOthers = !models.python.isEmpty || !models.repositories.isEmpty || serving.workerSocket != nil
        return Set(models.sampleModel.isEmpty && !hasOthers ? [.passthrough] : models.sampleModel)
    }

    /// The model that the greeting's request is for.
    var servesPassthrough: Bool { sampleNames.contains(.passthrough) }

    private func grpc(host: String) throws -> ServerConfiguration.GRPC? {
        guard let port = serving.grpcPort.number, protocols.allowGrpc.isOn else { return nil }
        var grpc = ServerConfiguration.GRPC(host: protocols.grpcAddress ?? host, port: port)
        grpc.headerForwardPattern = protocols.grpcHeaderForwardPattern
        grpc.restrictedProtocols = protocols.grpcRestrictedProtocol
        // A wrong word is told at once.
        _ = try RestrictedAPIs(grpc.restrictedProtocols, flag: "grpc-restricted-protocol")
        if protocols.grpcUseSsl.isOn, let certificate = protocols.grpcServerCert, let key = protocols.grpcServerKey {
            grpc.tls = .init(
                certificateFile: certificate,
                keyFile: key,
                clientAuthorityFile: protocols.grpcUseSslMutual.isOn ? protocols.grpcRootCert : nil
            )
        }
        if let time = protocols.grpcKeepaliveTime { grpc.keepaliveTime = .milliseconds(time) }
        if let timeout = protocols.grpcKeepaliveTimeout { grpc.keepaliveTimeout = .milliseconds(timeout) }
        if let permits = protocols.grpcKeepalivePermitWithoutCalls { grpc.permitsPingsWithoutCalls = permits.isOn }
        if let interval = protocols.grpcHttp2MinRecvPingIntervalWithoutData { grpc.minimumPingInterval = .milliseconds(interval) }
        if let age = protocols.grpcMaxConnectionAge, age > 0 { grpc.maxConnectionAge = .milliseconds(age) }
        return grpc
    }
}
