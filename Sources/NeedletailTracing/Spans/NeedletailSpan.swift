internal import ServiceContextModule
public import TraceModel
public import Tracing

/// A span in progress, recorded or not.
///
/// A small value that can be copied freely: all copies of a recorded span change the same span. A span that is not sampled
/// costs no allocation; it still carries its trace context (with the sampled flag off) and the baggage of the context it
/// was started in, so that callees know the decision.
///
/// It offers the API of swift-distributed-tracing and cheaper calls of its own: ``setAttribute(_:_:)`` keeps attributes in a
/// list instead of a dictionary. After the end all calls are ignored and counted (``NeedletailTracer/counters``).
public struct NeedletailSpan: Tracing.Span {
    /// Ids and flags of this span, as a callee gets them.
    public let traceContext: TraceContext
    @usableFromInline let recorder: SpanRecorder?
    let base: ServiceContext?

    init(traceContext: TraceContext, recorder: SpanRecorder?, base: ServiceContext?) {
        self.traceContext = traceContext
        self.recorder = recorder
        self.base = base
    }

    /// The context the span was started in, with this span as the parent of what follows. Built at each call: keep it
    /// where it is needed often.
    public var context: ServiceContext {
        var context = base ?? .topLevel
        guard traceContext.isValid else { return context }
        context.traceContext = traceContext
        return context
    }

    /// The span is sampled and has not ended.
    public var isRecording: Bool { recorder?.isRecording ?? false }

    /// The name; empty for a span that is not sampled.
    public var operationName: String {
        get { recorder?.name ?? "" }
        nonmutating set { recorder?.name = newValue }
    }

    // MARK: Own calls

    /// Sets one attribute; the last value of a key counts. Empty keys are dropped and counted.
    @inlinable
    public func setAttribute(_ key: String, _ value: AttributeValue) {
        recorder?.setAttribute(key, value)
    }

    /// Sets attributes one after the other; see ``setAttribute(_:_:)``.
    public func setAttributes(_ attributes: [Attribute]) {
        guard let recorder else { return }
        for attribute in attributes { recorder.setAttribute(attribute.key, attribute.value) }
    }

    /// Changes the name.
    public func updateName(_ name: String) {
        recorder?.name = name
    }

    /// Adds an event. Without a time (nanoseconds since the Unix epoch) it happens now.
    public func addEvent(_ name: String, time: UInt64? = nil, attributes: [Attribute] = []) {
        guard let recorder else { return }
        recorder.addEvent(name: name, time: time ?? WallClock.now(), attributes: attributes)
    }

    /// Adds a link to another span.
    public func addLink(to context: TraceContext, attributes: [Attribute] = []) {
        guard let recorder, context.isValid else { return }
        recorder.addLink(TraceModel.SpanLink(context, attributes: attributes))
    }

    /// Sets the status to error. Without a message the one of the last recorded error is taken.
    public func setError(_ message: String? = nil) {
        recorder?.setStatus(.error, message: message)
    }

    /// Records an error as an `exception` event (semantic conventions, "Exceptions on spans"): type, message, and the stack
    /// trace if the error brings one (``ErrorWithStackTrace``). Attributes of the same keys win.
    /// The status is left alone: call ``setError(_:)`` if the error escapes.
    ///
    /// - Parameter time: nanoseconds since the Unix epoch; without one it happened now.
    public func recordException(_ error: any Error, attributes: [Attribute] = [], time: UInt64? = nil) {
        guard let recorder else { return }
        recorder.recordError(error, attributes: attributes, time: time ?? WallClock.now())
    }

    /// Ends the span now.
    @inlinable
    public func end() {
        guard let recorder else { return }
        recorder.end(at: WallClock.now())
    }

    /// Ends the span at a time in nanoseconds since the Unix epoch.
    @inlinable
    public func end(at nanosecondsSinceEpoch: UInt64) {
        recorder?.end(at: nanosecondsSinceEpoch)
    }

    // MARK: swift-distributed-tracing

    /// The attributes as the standard dictionary.
    ///
    /// `span.attributes[key] = value` changes it in place. Once used, the dictionary stays the home of all attributes of
    /// the span; beyond the limit of attributes it is not defined which are dropped.
    public var attributes: SpanAttributes {
        get { recorder?.attributes ?? SpanAttributes([String: SpanAttribute]()) }
        nonmutating set { recorder?.attributes = newValue }
        nonmutating _modify {
            if let recorder {
                var dictionary = recorder.lend()
                defer { recorder.giveBack(&dictionary) }
                yield &dictionary
            } else {
                var nothing = SpanAttributes([String: SpanAttribute]())
                yield &nothing
            }
        }
    }

    public func setStatus(_ status: Tracing.SpanStatus) {
        guard let recorder else { return }
        recorder.setStatus(status.code == .ok ? .ok : .error, message: status.message)
    }

    public func addEvent(_ event: Tracing.SpanEvent) {
        guard let recorder else { return }
        recorder.addEvent(name: event.name, time: event.nanosecondsSinceEpoch, attributes: event.attributes)
    }

    /// As ``recordException(_:attributes:time:)``.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error,
        attributes: SpanAttributes,
        at instant: @autoclosure () -> Instant
    ) {
        guard let recorder else { return }
        var dropped: UInt32 = 0
        let list = [Attribute](attributes, count: .max, valueLength: nil, dropped: &dropped)
        recorder.recordError(error, attributes: list, time: instant().nanosecondsSinceEpoch)
    }

    /// Adds a link; one to a context without a trace is ignored.
    public func addLink(_ link: Tracing.SpanLink) {
        recorder?.addLink(link)
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let recorder else { return }
        recorder.end(at: instant().nanosecondsSinceEpoch)
    }
}
