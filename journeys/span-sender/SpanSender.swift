internal import Foundation
internal import Instrumentation
internal import Logging
internal import NeedletailTracing
internal import ServiceLifecycle
internal import TraceModel
internal import Tracing

/// A user's program for the journeys: one trace with everything a span can hold, sent wherever the `OTEL_…` variables say.
///
/// The caller's context comes in `TRACEPARENT` and `TRACESTATE`, as batch programs get it. Prints one line of JSON on standard error:
/// the ids by the spans' names, and how many spans each
/// exporter has sent. `journeys/support/rich.py` says what is expected of it.
@main
struct SpanSender {
    static func main() async throws {
        let logger = Logger(label: "span-sender", factory: { StreamLogHandler.standardError(label: $0) })
        let tracing = try NeedletailTracing.bootstrap()
        var ids: [String: String] = [:]
        try await withThrowingTaskGroup(of: Void.self) { group in
            let services = ServiceGroup(configuration: .init(services: [tracing], logger: logger))
            group.addTask { try await services.run() }
            ids = RichTrace(tracer: tracing.tracer).make(caller: caller())
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        let exported = tracing.processors.map(\.counters.exported)
        let facts: [String: Any] = ["spans": ids, "exported": exported, "version": NeedletailTracingVersion.current]
        let report = try JSONSerialization.data(withJSONObject: facts, options: .sortedKeys)
        FileHandle.standardError.write(report + Data("\n".utf8))
    }

    private static func caller() -> ServiceContext {
        struct Lookup: Extractor {
            func extract(key: String, from variables: [String: String]) -> String? { variables[key.uppercased()] }
        }
        var context = ServiceContext.topLevel
        InstrumentationSystem.instrument.extract(ProcessInfo.processInfo.environment, into: &context, using: Lookup())
        return context
    }
}
