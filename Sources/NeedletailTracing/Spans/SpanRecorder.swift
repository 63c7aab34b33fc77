internal import Synchronization
internal import TraceModel
internal import Tracing

/// The mutable part of a sampled span, shared by all copies of its ``NeedletailSpan``.
final class SpanRecorder: Sendable {
    fileprivate struct State {
        /// `nil` once the span has ended and gone to the processor.
        var span: TraceModel.Span?
        /// All attributes while the standard dictionary is in use; `span.attributes` is empty then.
        var dictionary: SpanAttributes?
        /// How many callers are changing the dictionary in place right now.
        var lent = 0
        /// The end came while the dictionary was lent: the last one to give it back finishes the span.
        var pendingEnd: UInt64?
        /// Message of the last recorded error, used when the status brings none.
        var errorMessage = ""
        var finalName = ""

        var isOpen: Bool { span != nil && pendingEnd == nil }
    }

    private let state: Mutex<State>
    private let tracer: NeedletailTracer

    init(_ span: consuming TraceModel.Span, tracer: NeedletailTracer) {
        self.state = Mutex(State(span: span))
        self.tracer = tracer
    }

    private var limits: SpanLimits { tracer.limits }

    /// Runs the change if the span has not ended; counts a use after the end otherwise.
    @inline(__always)
    private func change(_ body: (inout State) -> Void) {
        let open = state.withLock { state in
            guard state.isOpen else { return false }
            body(&state)
            return true
        }
        if !open { tracer.noteUseAfterEnd() }
    }

    var isRecording: Bool { state.withLock { $0.isOpen } }

    var name: String {
        get { state.withLock { $0.span?.name ?? $0.finalName } }
        set { change { $0.span?.name = newValue } }
    }

    // MARK: Attributes

    func setAttribute(_ key: String, _ value: AttributeValue) {
        let value = limits.attributeValueLength.map { value.truncated(to: $0) } ?? value
        change { state in
            if state.dictionary != nil {
                state.dictionary?.set(key, value: value.standard)
            } else {
                state.span?.setAttribute(key, value, limit: limits.attributeCount)
            }
        }
    }

    var attributes: SpanAttributes {
        get {
            state.withLock { state in
                if let dictionary = state.dictionary { return dictionary }
                guard let span = state.span else { return SpanAttributes([String: SpanAttribute]()) }
                return SpanAttributes(span.attributes)
            }
        }
        set {
            change { state in
                state.dictionary = newValue
                state.span?.attributes = []
            }
        }
    }

    /// Takes the dictionary out, so that the caller changes it in place without copying. The lock is not held meanwhile:
    /// the caller may run any code. To be followed by ``giveBack(_:)``.
    func lend() -> SpanAttributes {
        let empty = SpanAttributes([String: SpanAttribute]())
        return state.withLock { state in
            guard state.isOpen else { return empty }
            state.lent += 1
            if let dictionary = state.dictionary.take() {
                state.dictionary = empty
                return dictionary
            }
            var dictionary = SpanAttributes(state.span?.attributes ?? [])
            dictionary.reserveCapacity(8)
            state.span?.attributes = []
            state.dictionary = empty
            return dictionary
        }
    }

    /// Puts a lent dictionary back. What another thread has set meanwhile is kept.
    func giveBack(_ dictionary: inout SpanAttributes) {
        var late = false
        let finished: TraceModel.Span? = state.withLock { state in
            guard state.lent > 0 else {
                late = true
                return nil
            }
            state.lent -= 1
            if let meanwhile = state.dictionary, !meanwhile.isEmpty {
                state.dictionary?.merge(dictionary)
            } else {
                // Moved, not copied: a second reference would make the next change copy the whole dictionary.
                var returned = SpanAttributes([String: SpanAttribute]())
                swap(&returned, &dictionary)
                state.dictionary = returned
            }
            guard state.lent == 0, let end = state.pendingEnd else { return nil }
            return state.take(end: end, limits: limits)
        }
        if late { tracer.noteUseAfterEnd() }
        if let finished { tracer.emit(finished) }
    }

    // MARK: Status, events, links

    func setStatus(_ code: TraceModel.SpanStatus.Code, message: String?) {
        change { $0.setStatus(code, message: message) }
    }

    func addEvent(name: String, time: UInt64, attributes: [Attribute], dropped: UInt32 = 0) {
        var dropped = dropped
        let attributes = attributes.limited(count: limits.attributeCountPerEvent, valueLength: limits.attributeValueLength, dropped: &dropped)
        let event = TraceModel.SpanEvent(time: time, name: name, attributes: attributes, droppedAttributesCount: dropped)
        change { $0.span?.append(event, limit: limits.eventCount) }
    }

    func addEvent(name: String, time: UInt64, attributes: SpanAttributes) {
        var dropped: UInt32 = 0
        let list = [Attribute](attributes, count: limits.attributeCountPerEvent, valueLength: limits.attributeValueLength, dropped: &dropped)
        addEvent(name: name, time: time, attributes: list, dropped: dropped)
    }

    /// Adds the event of the semantic conventions for exceptions and remembers the message for the status.
    func recordError(_ error: any Error, attributes: [Attribute], time: UInt64) {
        let message = String(describing: error)
        var list = [
            Attribute(key: "exception.type", value: .string(String(reflecting: type(of: error)))),
            Attribute(key: "exception.message", value: .string(message)),
        ]
        for attribute in attributes {
            if let index = list.firstIndex(where: { $0.key == attribute.key }) {
                list[index] = attribute
            } else {
                list.append(attribute)
            }
        }
        addEvent(name: "exception", time: time, attributes: list)
        state.withLock { $0.errorMessage = message }
    }

    func addLink(_ link: TraceModel.SpanLink) {
        var link = link
        var dropped = link.droppedAttributesCount
        link.attributes = link.attributes.limited(
            count: limits.attributeCountPerLink,
            valueLength: limits.attributeValueLength,
            dropped: &dropped
        )
        link.droppedAttributesCount = dropped
        change { $0.span?.append(link, limit: limits.linkCount) }
    }

    func addLink(_ link: Tracing.SpanLink) {
        guard let context = link.context.traceContext, context.isValid else { return }
        var dropped: UInt32 = 0
        let list = [Attribute](
            link.attributes,
            count: limits.attributeCountPerLink,
            valueLength: limits.attributeValueLength,
            dropped: &dropped
        )
        addLink(TraceModel.SpanLink(context, attributes: list, dropped: dropped))
    }

    // MARK: End

    /// Hands the span to the processor. A second end is counted and ignored.
    func end(at time: UInt64) {
        var late = false
        let finished: TraceModel.Span? = state.withLock { state in
            guard state.isOpen else {
                late = true
                return nil
            }
            if state.lent > 0 {
                state.pendingEnd = time
                return nil
            }
            return state.take(end: time, limits: limits)
        }
        if let finished { tracer.emit(finished) }
        if late { tracer.noteUseAfterEnd() }
    }
}

extension SpanRecorder.State {
    /// Takes the finished span out.
    fileprivate mutating func take(end: UInt64, limits: SpanLimits) -> TraceModel.Span? {
        guard var span = span.take() else { return nil }
        pendingEnd = nil
        finalName = span.name
        span.endTime = end
        if let dictionary = dictionary.take() {
            span.attributes = [Attribute](
                dictionary,
                count: limits.attributeCount,
                valueLength: limits.attributeValueLength,
                dropped: &span.droppedAttributesCount
            )
        }
        return span
    }

    /// The status rules of the OpenTelemetry specification: ok is final, unset changes nothing.
    fileprivate mutating func setStatus(_ code: TraceModel.SpanStatus.Code, message: String?) {
        guard code != .unset, span?.status.code != .ok else { return }
        span?.status = TraceModel.SpanStatus(code: code, message: code == .error ? message ?? errorMessage : "")
    }
}

extension TraceModel.Span {
    /// Replaces the value of the key, or appends both.
    fileprivate mutating func setAttribute(_ key: String, _ value: AttributeValue, limit: Int) {
        let length = key.utf8.count
        for index in attributes.indices where attributes[index].key.utf8.count == length && attributes[index].key == key {
            attributes[index].value = value
            return
        }
        guard attributes.count < limit, length > 0 else {
            droppedAttributesCount += 1
            return
        }
        if attributes.capacity == 0 { attributes.reserveCapacity(8) }
        attributes.append(Attribute(key: key, value: value))
    }

    fileprivate mutating func append(_ event: TraceModel.SpanEvent, limit: Int) {
        guard events.count < limit else {
            droppedEventsCount += 1
            return
        }
        events.append(event)
    }

    fileprivate mutating func append(_ link: TraceModel.SpanLink, limit: Int) {
        guard links.count < limit else {
            droppedLinksCount += 1
            return
        }
        links.append(link)
    }
}

extension TraceModel.SpanLink {
    init(_ context: TraceContext, attributes: [Attribute] = [], dropped: UInt32 = 0) {
        self.init(
            traceID: context.traceID,
            spanID: context.spanID,
            traceState: context.traceState,
            attributes: attributes,
            droppedAttributesCount: dropped,
            flags: context.otlpFlags
        )
    }
}

extension TraceContext {
    /// The W3C flags and, marked as known, whether the context is remote (OTLP `SpanFlags`).
    var otlpFlags: UInt32 { UInt32(flags.rawValue) | 0x100 | (isRemote ? 0x200 : 0) }
}

extension SpanAttributes {
    fileprivate init(_ attributes: [Attribute]) {
        self.init([String: SpanAttribute]())
        guard !attributes.isEmpty else { return }
        reserveCapacity(attributes.count + 4)
        for attribute in attributes { set(attribute.key, value: attribute.value.standard) }
    }
}
