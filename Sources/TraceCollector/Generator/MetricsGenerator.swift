package import PrometheusMetrics
public import ServiceLifecycle
internal import Synchronization
public import TraceModel
public import TraceStore

/// Service graph and span metrics, made of stored spans under the names of Grafana Tempo's metrics generator.
public final class MetricsGenerator: SpanObserver, Service {
    private let state: Mutex<GeneratedMetrics>

    public init(configuration: Configuration = Configuration()) {
        state = Mutex(GeneratedMetrics(configuration))
    }

    public func stored(_ batches: [SpanBatch]) {
        let time = GeneratorTime.now()
        state.withLock { state in
            for batch in batches { state.add(batch, time) }
        }
    }

    /// All series as they are now.
    package func families() -> [MetricFamily] {
        // Outside the lock: the copy is cheap, writing everything out is not.
        state.withLock { $0 }.families()
    }

    /// Ends edges whose other half did not come, until a graceful shutdown or a cancellation.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                let time = GeneratorTime.now()
                self.state.withLock { $0.advance(to: time) }
            }
        }
    }
}
