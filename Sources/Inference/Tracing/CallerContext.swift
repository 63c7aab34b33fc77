internal import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel
internal import Tracing

/// Reads what callers send along, and makes the contexts of user code.
struct CallerContext: Sendable {
    /// What a caller sent.
    struct Caller {
        /// The caller's place in its trace.
        var parent: TraceContext?
        var baggage = Baggage()
    }

    /// `nil`: W3C, read here.
    private let propagator: (any TextMapPropagator)?
    /// The context of requests that are not sampled and have no caller's context.
    let unsampledContext: ServiceContext

    init(propagator: (any TextMapPropagator)?) {
        self.propagator = propagator
        var context = ServiceContext.topLevel
        context.traceContext = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: [])
        unsampledContext = context
    }

    @inline(__always)
    func read(_ headers: some TraceHeaders) -> Caller {
        if let propagator { return read(headers, propagator) }
        var caller = Caller()
        if let traceparent = headers.traceparent {
            caller.parent = TraceContext(traceparent: traceparent, tracestate: headers.tracestate, reading: .tolerant)
        }
        if let baggage = headers.baggage { caller.baggage = Self.baggage(baggage) }
        return caller
    }

    @inline(never)
    private func read<Headers: TraceHeaders>(_ headers: Headers, _ propagator: any TextMapPropagator) -> Caller {
        var context = ServiceContext.topLevel
        propagator.extract(headers, into: &context, using: TraceHeadersExtractor())
        return Caller(parent: context.traceContext, baggage: context.baggage)
    }

    @inline(never)
    private static func baggage(_ text: String) -> Baggage {
        var context = ServiceContext.topLevel
        W3CBaggagePropagator().extract(HeaderPairs([("baggage", text)]), into: &context, using: TraceHeadersExtractor())
        return context.baggage
    }

    /// What user code of a traced request finds.
    func sampled(_ caller: Caller, _ trace: TraceContext) -> ServiceContext {
        var context = ServiceContext.topLevel
        context.traceContext = trace
        if !caller.baggage.isEmpty { context.baggage = caller.baggage }
        return context
    }

    /// What user code finds while nothing is traced.
    func off(_ caller: Caller) -> ServiceContext {
        guard !caller.baggage.isEmpty else { return unsampledContext }
        var context = unsampledContext
        context.baggage = caller.baggage
        return context
    }

    /// What user code of a request that is not traced finds: the caller's place in its trace, and the decision of this server.
    func unsampled(_ caller: Caller) -> ServiceContext {
        guard var parent = caller.parent, parent.isValid else { return off(caller) }
        parent.flags.remove(.sampled)
        return sampled(caller, parent)
    }

    /// What user code finds while this server makes no spans: what the caller sent.
    func passedOn(_ caller: Caller) -> ServiceContext {
        guard let parent = caller.parent, parent.isValid else { return off(caller) }
        return sampled(caller, parent)
    }
}
