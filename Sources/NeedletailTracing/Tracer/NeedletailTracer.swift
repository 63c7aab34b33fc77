public import Instrumentation
public import TraceModel
public import Tracing

/// Starts spans: an implementation of swift-distributed-tracing's `Tracer`.
///
/// Use it as a value, or make it the global one with `InstrumentationSystem.bootstrap(tracer)`. Several tracers may share a
/// processor. It adds nothing to a request that is not sampled but the decision and two ids.
public final class NeedletailTracer: Tracer {
    public let scope: InstrumentationScope
    public let limits: SpanLimits
    private let processor: any SpanProcessor
    private let deferring: (any DeferringSpanProcessor)?
    private let sampler: any Sampler
    private let rule: SamplingShortcut
    private let propagator: any TextMapPropagator
    private let isEnabled: Bool
    private let counting = TracerCounting()

    /// - Parameters:
    ///   - processor: receives the sampled spans when they end.
    ///   - sampler: decides which spans are sampled.
    ///   - propagator: reads and writes the context of other processes; W3C Trace Context by default.
    ///   - scope: names the instrumenting library on every span.
    public convenience init(
        processor: any SpanProcessor,
        sampler: any Sampler = ParentBasedSampler(root: AlwaysOnSampler()),
        propagator: any TextMapPropagator = W3CTraceContextPropagator(),
        scope: InstrumentationScope = InstrumentationScope(name: "NeedletailTracing", version: NeedletailTracingVersion.current),
        limits: SpanLimits = SpanLimits()
    ) {
        self.init(processor: processor, sampler: sampler, propagator: propagator, scope: scope, limits: limits, isEnabled: true)
    }

    private init(
        processor: any SpanProcessor,
        sampler: any Sampler,
        propagator: any TextMapPropagator,
        scope: InstrumentationScope = InstrumentationScope(),
        limits: SpanLimits = SpanLimits(),
        isEnabled: Bool
    ) {
        self.processor = processor
        self.deferring = processor as? any DeferringSpanProcessor
        self.sampler = sampler
        self.rule = SamplingShortcut(sampler)
        self.propagator = propagator
        self.scope = scope
        self.limits = limits
        self.isEnabled = isEnabled
    }

    /// A tracer that makes no spans and lets context pass through unchanged: what OpenTelemetry asks of a disabled SDK.
    public convenience init(disabledWith propagator: any TextMapPropagator) {
        self.init(processor: MultiplexSpanProcessor([]), sampler: AlwaysOffSampler(), propagator: propagator, isEnabled: false)
    }

    /// A snapshot of what was started, and of calls that came too late.
    public var counters: TracerCounters { counting.snapshot }

    // MARK: Own calls

    /// Starts a span with an explicit parent: the cheapest way.
    ///
    /// - Parameters:
    ///   - parent: `nil` starts a new trace.
    ///   - startTime: nanoseconds since the Unix epoch; `nil` means now.
    ///   - attributes: their keys must be unique.
    ///   - base: what the span's `context` is built on, to keep baggage; the trace context in it is not looked at.
    public func startSpan(
        _ name: String,
        parent: TraceContext?,
        kind: TraceModel.SpanKind = .internal,
        startTime: UInt64? = nil,
        attributes: [Attribute] = [],
        base: ServiceContext? = nil
    ) -> NeedletailSpan {
        start(name, parent: parent, kind: kind, attributes: attributes, base: base) { startTime ?? WallClock.now() }
    }

    /// Decides and makes ids for a span that the caller records itself and hands over with ``emit(_:)``.
    ///
    /// No span is allocated: a request that is not sampled pays for the decision only.
    public func makeContext(name: String, kind: TraceModel.SpanKind, parent: TraceContext?) -> TraceContext {
        isEnabled ? decide(name, parent: parent, kind: kind, attributes: []).context : parent ?? .invalid
    }

    /// Hands a finished span to the processor. Spans without the sampled flag are for the caller to leave out.
    public func emit(_ span: consuming TraceModel.Span) {
        processor.onEnd(span, scope: scope)
    }

    // MARK: swift-distributed-tracing

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> ServiceContext,
        ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> NeedletailSpan {
        let base = context()
        let active = base.activeTrace
        if let active, active.isSuppressed { return NeedletailSpan(traceContext: active.context, recorder: nil, base: base) }
        return start(operationName, parent: active?.context, kind: TraceModel.SpanKind(kind), attributes: [], base: base) {
            instant().nanosecondsSinceEpoch
        }
    }

    /// Asks the processor for a flush and returns at once; `await` the processor's `forceFlush()` to wait for it.
    public func forceFlush() {
        processor.requestFlush()
    }

    /// Puts what a caller sent into `context`; without anything well-formed the context stays as it is.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        propagator.extract(carrier, into: &context, using: extractor)
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        propagator.inject(context, into: &carrier, using: injector)
    }

    // MARK: Inside

    func emit(_ span: consuming TraceModel.Span, attributes: StandardAttributes) {
        if let deferring {
            deferring.onEnd(span, attributes: attributes, scope: scope)
        } else {
            var span = consume span
            attributes.apply(to: &span)
            processor.onEnd(span, scope: scope)
        }
    }

    func noteUseAfterEnd() { counting.noteUseAfterEnd() }
    func noteSecondEnd() { counting.noteSecondEnd() }
    func noteNeverEnded() { counting.noteNeverEnded() }

    @inline(__always)
    private func start(
        _ name: String,
        parent: TraceContext?,
        kind: TraceModel.SpanKind,
        attributes: [Attribute],
        base: ServiceContext?,
        startTime: () -> UInt64
    ) -> NeedletailSpan {
        guard isEnabled else { return NeedletailSpan(traceContext: parent ?? .invalid, recorder: nil, base: base) }
        let (context, samplerAttributes, isRecording) = decide(name, parent: parent, kind: kind, attributes: attributes)
        guard isRecording else { return NeedletailSpan(traceContext: context, recorder: nil, base: base) }
        var attributes = attributes
        var dropped: UInt32 = 0
        if !attributes.isEmpty || !samplerAttributes.isEmpty {
            attributes = samplerAttributes.merging(attributes).limited(
                count: limits.attributeCount,
                valueLength: limits.attributeValueLength,
                dropped: &dropped
            )
        }
        let recorder = SpanRecorder(
            name: name,
            kind: kind,
            context: context,
            parent: parent?.isValid == true ? parent : nil,
            startTime: startTime(),
            attributes: attributes,
            droppedAttributes: dropped,
            tracer: self
        )
        return NeedletailSpan(traceContext: context, recorder: recorder, base: base)
    }

    /// Ids, decision and `tracestate` of a span about to start, and the sampler's attributes.
    @inline(__always)
    private func decide(
        _ name: String,
        parent: TraceContext?,
        kind: TraceModel.SpanKind,
        attributes: [Attribute]
    ) -> (context: TraceContext, attributes: [Attribute], isRecording: Bool) {
        var context: TraceContext
        // A caller may send a trace id without a span id (X-Ray), or a decision without ids (B3).
        if let parent, parent.isValid || (parent.isRemote && parent.traceID.isValid) {
            // Whether the trace id is random is for its maker to say (Trace Context Level 2).
            context = TraceContext(
                traceID: parent.traceID,
                spanID: IDGenerator.spanID(),
                flags: parent.flags.intersection(.random),
                traceState: parent.traceState,
                isDebug: parent.isDebug
            )
        } else {
            context = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: .random, isDebug: parent?.isDebug ?? false)
        }
        if let isSampled = rule.isSampled(&context, parent: parent, parentDecision: parent?.decision) {
            counting.noteStart(parent: parent, isSampled: isSampled, isRecording: isSampled)
            if isSampled { context.flags.insert(.sampled) }
            return (context, [], isSampled)
        }
        let result = ask(name, parent: parent, context: &context, kind: kind, attributes: attributes)
        counting.noteStart(parent: parent, isSampled: result.isSampled, isRecording: result.isRecording)
        return (context, result.attributes, result.isRecording)
    }

    @inline(never)
    private func ask(
        _ name: String,
        parent: TraceContext?,
        context: inout TraceContext,
        kind: TraceModel.SpanKind,
        attributes: [Attribute]
    ) -> SamplingResult {
        // An invalid parent of this process counts as none.
        let parent = parent.flatMap { $0.isValid || $0.isRemote ? $0 : nil }
        let result = sampler.sample(
            SamplingRequest(parent: parent, traceID: context.traceID, name: name, kind: kind, attributes: attributes)
        )
        context.apply(result)
        if result.isSampled { context.flags.insert(.sampled) }
        return result
    }
}

extension [Attribute] {
    /// Both lists; of a key that is in both the other list's attribute counts.
    fileprivate func merging(_ other: [Attribute]) -> [Attribute] {
        if isEmpty { return other }
        return other + filter { attribute in !other.contains { $0.key == attribute.key } }
    }
}

extension TraceContext {
    /// No trace: what a disabled tracer's spans carry without a parent.
    static let invalid = TraceContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: [])
}
