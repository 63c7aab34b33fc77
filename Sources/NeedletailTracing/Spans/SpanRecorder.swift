internal import Synchronization
public import TraceModel
internal import Tracing

/// The mutable part of a sampled span, shared by all copies of its ``NeedletailSpan``.
///
/// The fields stand here one by one, and the finished `Span` is put together at the end: moving the large value in and out
/// at each change would cost more than the changes.
@usableFromInline
final class SpanRecorder: Sendable {
    fileprivate struct State {
        var isOpen = true
        /// How many callers are changing the dictionary in place right now.
        var lent: Int32 = 0
        var name: String
        var attributes: [Attribute]
        var droppedAttributes: UInt32
        /// Bit n is set when a key of n (modulo 64) bytes is in `attributes`: most keys differ in length, which saves looking.
        var keyLengths: UInt64
        /// All attributes while the standard dictionary is in use; `attributes` is empty then.
        var dictionary: SpanAttributes?
        /// `nil` until the first event, link, status or error: most spans have none.
        var extras: Extras?
        /// The end came while the dictionary was lent: the last one to give it back finishes the span.
        var pendingEnd: UInt64 = 0
    }

    /// The rarer parts.
    fileprivate struct Extras {
        var events: [TraceModel.SpanEvent] = []
        var droppedEvents: UInt32 = 0
        var links: [TraceModel.SpanLink] = []
        var droppedLinks: UInt32 = 0
        var status = TraceModel.SpanStatus()
        /// Message of the last recorded error, used when the status brings none.
        var errorMessage = ""
    }

    private let state: Mutex<State>
    private let tracer: NeedletailTracer
    private let context: TraceContext
    private let parentSpanID: SpanID?
    private let hasRemoteParent: Bool
    private let kind: TraceModel.SpanKind
    private let startTime: UInt64

    init(
        name: String,
        kind: TraceModel.SpanKind,
        context: TraceContext,
        parent: TraceContext?,
        startTime: UInt64,
        attributes: [Attribute],
        droppedAttributes: UInt32,
        tracer: NeedletailTracer
    ) {
        self.state = Mutex(
            State(
                name: name,
                attributes: attributes,
                droppedAttributes: droppedAttributes,
                keyLengths: attributes.isEmpty ? 0 : .max
            ))
        self.tracer = tracer
        self.context = context
        self.parentSpanID = parent?.spanID
        self.hasRemoteParent = parent?.isRemote ?? false
        self.kind = kind
        self.startTime = startTime
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
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    // MARK: Attributes

    @usableFromInline
    func setAttribute(_ key: String, _ value: AttributeValue) {
        if let length = tracer.limits.attributeValueLength {
            store(key, value.truncated(to: length))
        } else {
            store(key, value)
        }
    }

    @inline(__always)
    private func store(_ key: String, _ value: AttributeValue) {
        change { state in
            if state.dictionary != nil {
                state.dictionary?.set(key, value: value.standard)
            } else {
                state.setAttribute(key, value, limit: tracer.limits.attributeCount)
            }
        }
    }

    var attributes: SpanAttributes {
        get {
            state.withLock { state in
                if let dictionary = state.dictionary { return dictionary }
                return SpanAttributes(state.attributes)
            }
        }
        set {
            change { state in
                state.dictionary = newValue
                state.attributes = []
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
            var dictionary = SpanAttributes(state.attributes)
            dictionary.reserveCapacity(8)
            state.attributes = []
            state.dictionary = empty
            return dictionary
        }
    }

    /// Puts a lent dictionary back. What another thread has set meanwhile is kept.
    func giveBack(_ dictionary: inout SpanAttributes) {
        var late = false
        let ended: Ended? = state.withLock { state in
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
            guard state.lent == 0, !state.isOpen else { return nil }
            return state.takeEnded(at: state.pendingEnd)
        }
        if late { tracer.noteUseAfterEnd() }
        if let ended { emit(ended) }
    }

    // MARK: Status, events, links

    func setStatus(_ code: TraceModel.SpanStatus.Code, message: String?) {
        change { $0.setStatus(code, message: message) }
    }

    func addEvent(name: String, time: UInt64, attributes: [Attribute], dropped: UInt32 = 0) {
        var dropped = dropped
        let attributes = attributes.limited(count: limits.attributeCountPerEvent, valueLength: limits.attributeValueLength, dropped: &dropped)
        let event = TraceModel.SpanEvent(time: time, name: name, attributes: attributes, droppedAttributesCount: dropped)
        change { $0.append(event, limit: tracer.limits.eventCount) }
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
        if let trace = (error as? any ErrorWithStackTrace)?.stackTrace {
            list.append(Attribute(key: "exception.stacktrace", value: .string(trace)))
        }
        for attribute in attributes {
            if let index = list.firstIndex(where: { $0.key == attribute.key }) {
                list[index] = attribute
            } else {
                list.append(attribute)
            }
        }
        addEvent(name: "exception", time: time, attributes: list)
        state.withLock { $0.extras?.errorMessage = message }
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
        change { $0.append(link, limit: tracer.limits.linkCount) }
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
    @usableFromInline
    func end(at time: UInt64) {
        var late = false
        let ended: Ended? = state.withLock { state in
            guard state.isOpen else {
                late = true
                return nil
            }
            state.isOpen = false
            if state.lent > 0 {
                state.pendingEnd = time
                return nil
            }
            return state.takeEnded(at: time)
        }
        if let ended { emit(ended) }
        if late { tracer.noteSecondEnd() }
    }

    deinit {
        if state.withLock({ $0.isOpen }) { tracer.noteNeverEnded() }
    }
}

extension SpanRecorder {
    /// What a span leaves behind at its end.
    fileprivate struct Ended {
        var time: UInt64
        var name: String
        var attributes: [Attribute]
        var droppedAttributes: UInt32
        var dictionary: SpanAttributes?
        var extras: Extras?
    }

    /// Puts the finished span together and hands it on.
    private func emit(_ ended: consuming Ended) {
        var span = TraceModel.Span(
            traceID: context.traceID,
            spanID: context.spanID,
            parentSpanID: parentSpanID,
            traceState: context.traceState,
            flags: UInt32(context.flags.rawValue) | 0x100 | (hasRemoteParent ? 0x200 : 0),
            name: ended.name,
            kind: kind,
            startTime: startTime,
            endTime: ended.time,
            attributes: ended.attributes,
            droppedAttributesCount: ended.droppedAttributes
        )
        if let extras = ended.extras {
            span.events = extras.events
            span.droppedEventsCount = extras.droppedEvents
            span.links = extras.links
            span.droppedLinksCount = extras.droppedLinks
            span.status = extras.status
        }
        if let dictionary = ended.dictionary {
            tracer.emit(span, attributes: StandardAttributes(dictionary, limits: tracer.limits))
        } else {
            tracer.emit(span)
        }
    }
}

extension SpanRecorder.State {
    /// Moves the parts of the span out; the name stays readable.
    fileprivate mutating func takeEnded(at time: UInt64) -> SpanRecorder.Ended {
        var ended = SpanRecorder.Ended(
            time: time,
            name: name,
            attributes: [],
            droppedAttributes: droppedAttributes,
            dictionary: dictionary.take(),
            extras: extras.take()
        )
        swap(&ended.attributes, &attributes)
        return ended
    }

    /// Replaces the value of the key, or appends both.
    fileprivate mutating func setAttribute(_ key: String, _ value: AttributeValue, limit: Int) {
        let length = key.utf8.count
        let bit: UInt64 = 1 << UInt64(length & 63)
        if keyLengths & bit != 0 {
            for index in attributes.indices where attributes[index].key == key {
                attributes[index].value = value
                return
            }
        }
        keyLengths |= bit
        guard attributes.count < limit, length > 0 else {
            droppedAttributes += 1
            return
        }
        if attributes.capacity == 0 { attributes.reserveCapacity(8) }
        attributes.append(Attribute(key: key, value: value))
    }

    /// The status rules of the OpenTelemetry specification: ok is final, unset changes nothing.
    fileprivate mutating func setStatus(_ code: TraceModel.SpanStatus.Code, message: String?) {
        var extras = extras ?? SpanRecorder.Extras()
        guard code != .unset, extras.status.code != .ok else { return }
        extras.status = TraceModel.SpanStatus(code: code, message: code == .error ? message ?? extras.errorMessage : "")
        self.extras = extras
    }

    fileprivate mutating func append(_ event: TraceModel.SpanEvent, limit: Int) {
        if extras == nil { extras = SpanRecorder.Extras() }
        guard let count = extras?.events.count, count < limit else {
            extras?.droppedEvents += 1
            return
        }
        extras?.events.append(event)
    }

    fileprivate mutating func append(_ link: TraceModel.SpanLink, limit: Int) {
        if extras == nil { extras = SpanRecorder.Extras() }
        guard let count = extras?.links.count, count < limit else {
            extras?.droppedLinks += 1
            return
        }
        extras?.links.append(link)
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
