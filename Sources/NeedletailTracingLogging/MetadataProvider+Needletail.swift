public import Logging
internal import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel

extension Logger.MetadataProvider {
    /// Puts `trace_id` and `span_id` of the current span on every log line, so that logs and traces find each other.
    ///
    /// ```swift
    /// LoggingSystem.bootstrap(StreamLogHandler.standardOutput, metadataProvider: .needletail)
    /// ```
    public static var needletail: Logger.MetadataProvider { .needletail() }

    /// Puts ids of the current span on every log line, under names of your choice.
    ///
    /// The ids are there for a span that is not sampled too: callers and callees log the same trace id. Outside of a span
    /// nothing is added. To combine it with others see `Logger.MetadataProvider.multiplex(_:)`.
    ///
    /// - Parameters:
    ///   - traceIDKey: gets 32 hex digits.
    ///   - spanIDKey: gets 16 hex digits.
    ///   - traceFlagsKey: gets the W3C flags as two hex digits, `01` for sampled; `nil` leaves them out.
    ///   - sampledKey: gets `true` or `false`; `nil` leaves it out.
    public static func needletail(
        traceIDKey: String = "trace_id",
        spanIDKey: String = "span_id",
        traceFlagsKey: String? = nil,
        sampledKey: String? = nil
    ) -> Logger.MetadataProvider {
        Logger.MetadataProvider {
            guard let context = ServiceContext.current?.traceContext, context.isValid else { return [:] }
            var metadata: Logger.Metadata = [traceIDKey: "\(context.traceID)", spanIDKey: "\(context.spanID)"]
            if let traceFlagsKey { metadata[traceFlagsKey] = "\(context.flags.hexadecimal)" }
            if let sampledKey { metadata[sampledKey] = "\(context.isSampled)" }
            return metadata
        }
    }
}
