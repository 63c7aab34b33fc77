public import NeedletailTracing
package import ServiceContextModule
internal import Synchronization
public import TraceModel
internal import Tracing

/// Traces the server's requests by Triton's settings, which may change while it runs, and hands the spans to one processor, or
/// the traces to a file.
///
/// A request that is not sampled costs one atomic addition. Spans are made when the answer was sent.
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

    /// What the server began with.
    public let settings: TraceSettings
    /// What counts now.
    let registry: TraceSettingRegistry
    /// Requests whose URL matches are not traced at all.
    package let excludedURLs: ExcludedURLs
    /// Decides which requests are traced at all; `nil`: all.
    private let decider: NeedletailTracer?
    private let processor: any SpanProcessor
    /// Where traces go in mode `triton`.
    private let file: TraceFileWriter?
    private let context: CallerContext
    private let traceCount = Atomic<UInt64>(0)
    /// Something is traced, or was: until then contexts of user code are left alone, and nothing is read.
    private let isAwake: Atomic<Bool>
    /// Makes the spans of ``InferenceRequest/withSpan(_:ofKind:_:)``, for the same processor.
    package let userTracer: NeedletailTracer

    /// A tracer that hands spans to a processor; starting, flushing and stopping it is the caller's part.
    ///
    /// - Parameters:
    ///   - sampler: asked first; of what it lets through every `rate`-th is traced, up to `count`.
    ///   - propagator: reads the callers' contexts; `nil`: W3C Trace Context, read as Triton does, and W3C Baggage.
    ///   - excludedURLs: of requests that are not traced, whatever their callers say.
    public convenience init(
        settings: TraceSettings,
        processor: any SpanProcessor,
        sampler: (any Sampler)? = nil,
        propagator: (any TextMapPropagator)? = nil,
        excludedURLs: ExcludedURLs = ExcludedURLs()
    ) {
        self.init(settings: settings, processor: processor, file: nil, sampler: sampler, propagator: propagator, excludedURLs: excludedURLs)
    }

    /// - Parameters:
    ///   - file: takes the traces of mode `triton`.
    ///   - sleeps: as long as nothing is traced it is as if there were no tracer.
    package init(
        settings: TraceSettings,
        processor: any SpanProcessor,
        file: TraceFileWriter?,
        sampler: (any Sampler)? = nil,
        propagator: (any TextMapPropagator)? = nil,
        excludedURLs: ExcludedURLs = ExcludedURLs(),
        sleeps: Bool = false
    ) {
        self.settings = settings
        isAwake = Atomic(!sleeps || settings.level != .off)
        self.processor = processor
        self.file = file
        decider = sampler.map { NeedletailTracer(processor: MultiplexSpanProcessor([]), sampler: $0) }
        self.excludedURLs = excludedURLs
        registry = TraceSettingRegistry(settings)
        context = CallerContext(propagator: propagator)
        userTracer = NeedletailTracer(
            processor: processor,
            sampler: ParentBasedSampler(root: AlwaysOffSampler()),
            scope: Self.scope
        )
    }

    /// Decides about a request to a model from its headers; a malformed context counts as none.
    package func decide(model: String, headers: some TraceHeaders) -> Decision {
        registry.withSampler(of: model) { sampler in
            let caller = context.read(headers)
            let level = sampler.level
            guard level != .off else { return Decision(trace: nil, serviceContext: context.off(caller)) }
            let decision = decider?.makeContext(name: "InferRequest", kind: .server, parent: caller.parent)
            guard decision?.isSampled != false else { return Decision(trace: nil, serviceContext: context.unsampled(caller)) }
            // A trace file is no part of the caller's trace.
            let verdict = sampler.take(callerIsTraced: file == nil ? caller.parent?.decision : nil)
            guard verdict != .skip else {
                return Decision(trace: nil, serviceContext: file == nil ? context.unsampled(caller) : context.passedOn(caller))
            }
            var trace = RequestTrace(parent: caller.parent, decision: decision, number: nextNumber())
            trace.level = level
            trace.clock = RequestTimestamps.now().clock
            if case .byRate(let rate) = verdict {
                trace.rate = rate
                // A threshold tells of the share that the sampler took, not of every n-th of it.
                if rate > 1 { trace.traceState = OpenTelemetryTraceState.traceState(trace.traceState, settingThreshold: nil) }
            }
            if level.contains(.tensors) { trace.tensors = TensorRecord() }
            guard file == nil else {
                trace.family = TraceFamily(sampler)
                return Decision(trace: trace, serviceContext: context.passedOn(caller))
            }
            return Decision(trace: trace, serviceContext: context.sampled(caller, trace.computeContext))
        }
    }

    /// What is decided about a request with an excluded URL: no span, and no context of the caller's.
    package var exclusion: Decision { Decision(trace: nil, serviceContext: context.unsampledContext) }

    /// Makes the spans of a request and hands them on.
    package func record(_ request: TracedRequest) {
        if let file {
            file.record(request, registry)
        } else {
            for span in request.spans() { processor.onEnd(span, scope: Self.scope) }
        }
    }

    /// Hands on a span that a backend made for a sampled request.
    package func record(_ span: TraceModel.Span, scope: InstrumentationScope = InferenceTracer.scope) { processor.onEnd(span, scope: scope) }

    /// The next `triton.trace_id`.
    package func nextNumber() -> UInt64 { traceCount.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Changes the settings of a model, or of all.
    func update(_ update: TraceSettingUpdate, model: String?) throws(InferenceError) {
        try registry.update(update, model: model)
        if case .set(let level) = update.level, level != .off { wake() }
    }

    /// This tracer is there for someone, even while it traces nothing.
    var isActive: Bool { isAwake.load(ordering: .relaxed) }

    /// From now on user code finds contexts, also of requests that are not traced.
    package func wake() { isAwake.store(true, ordering: .relaxed) }
}
