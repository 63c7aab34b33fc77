public import NeedletailTracing
package import ServiceContextModule
internal import Synchronization
public import TraceModel
internal import Tracing

/// Traces the server's requests by Triton's settings, and hands the spans to one processor.
///
/// A request that is not sampled costs one atomic counter. Spans are made when the answer was sent.
public final class InferenceTracer: Sendable {
    /// What was decided about a request when it arrived.
    package struct Decision: Sendable {
        /// `nil`: not sampled.
        package var trace: RequestTrace?
        /// What user code finds as the current context.
        package var serviceContext: ServiceContext
    }

    /// The scope of the server's own spans.
    public static let scope = InstrumentationScope(name: "needletail.inference")

    public let settings: TraceSettings
    /// Requests whose URL matches are not traced at all.
    package let excludedURLs: ExcludedURLs
    /// Decides which requests are traced at all; `nil`: all.
    private let decider: NeedletailTracer?
    /// Counts what was let through, by rate and count.
    private let counter: TraceSampler
    private let processor: any SpanProcessor
    private let traceCount = Atomic<UInt64>(0)
    /// Makes the spans of ``InferenceRequest/withSpan(_:ofKind:_:)``, for the same processor.
    package let userTracer: NeedletailTracer
    /// The context of requests that are not sampled and have no caller's context.
    private let unsampledContext: ServiceContext

    /// A tracer that hands spans to a processor; starting, flushing and stopping it is the caller's part.
    ///
    /// - Parameters:
    ///   - sampler: asked first; of what it lets through every `rate`-th is traced, up to `count`.
    ///   - excludedURLs: of requests that are not traced, whatever their callers say.
    public init(
        settings: TraceSettings,
        processor: any SpanProcessor,
        sampler: (any Sampler)? = nil,
        excludedURLs: ExcludedURLs = ExcludedURLs()
    ) {
        self.settings = settings
        self.processor = processor
        decider = sampler.map { NeedletailTracer(processor: MultiplexSpanProcessor([]), sampler: $0) }
        self.excludedURLs = excludedURLs
        counter = TraceSampler(settings)
        userTracer = NeedletailTracer(
            processor: processor,
            sampler: ParentBasedSampler(root: AlwaysOffSampler()),
            scope: Self.scope
        )
        var context = ServiceContext.topLevel
        context.traceContext = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: [])
        unsampledContext = context
    }

    /// Decides about a request to a model from the headers of W3C Trace Context; a malformed `traceparent` counts as none.
    package func decide(model: String, traceparent: String?, tracestate: @autoclosure () -> String?) -> Decision {
        guard settings.level != .off else { return Decision(trace: nil, serviceContext: unsampledContext) }
        let parent = traceparent.flatMap { TraceContext(traceparent: $0, tracestate: tracestate(), reading: .tolerant) }
        let decision = decider?.makeContext(name: "InferRequest", kind: .server, parent: parent)
        guard decision?.isSampled != false, counter.shouldTrace(parentIsSampled: parent?.isSampled) else {
            guard let parent else { return Decision(trace: nil, serviceContext: unsampledContext) }
            var context = ServiceContext.topLevel
            context.traceContext = parent
            return Decision(trace: nil, serviceContext: context)
        }
        let trace = RequestTrace(parent: parent, decision: decision, number: nextNumber())
        var context = ServiceContext.topLevel
        context.traceContext = trace.computeContext
        return Decision(trace: trace, serviceContext: context)
    }

    /// What is decided about a request with an excluded URL: no span, and no context of the caller's.
    package var exclusion: Decision { Decision(trace: nil, serviceContext: unsampledContext) }

    /// Makes the spans of a request and hands them on.
    package func record(_ request: TracedRequest) {
        for span in request.spans() { processor.onEnd(span, scope: Self.scope) }
    }

    /// Hands on a span that a backend made for a sampled request.
    package func record(_ span: TraceModel.Span, scope: InstrumentationScope = InferenceTracer.scope) { processor.onEnd(span, scope: scope) }

    /// The next `triton.trace_id`.
    package func nextNumber() -> UInt64 { traceCount.wrappingAdd(1, ordering: .relaxed).newValue }
}
