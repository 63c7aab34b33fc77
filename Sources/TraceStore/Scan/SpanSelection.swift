public import TraceModel

/// Which spans a scan is about: a window of time, and conditions that a store can use to leave whole blocks unread.
public struct SpanSelection: Hashable, Sendable {
    /// The start of a span, nanoseconds since the Unix epoch.
    public var startTime: ClosedRange<UInt64>
    /// A span is selected when it meets all conditions of one of these lists. No list at all selects every span of the window.
    public var anyOf: [[SpanCondition]]
    /// A trace of which no span is selected.
    public var except: TraceID?

    public init(startTime: ClosedRange<UInt64> = 0...UInt64.max, anyOf: [[SpanCondition]] = [], except: TraceID? = nil) {
        self.startTime = startTime
        self.anyOf = anyOf
        self.except = except
    }

    public func matches(span: Span, resource: Resource, scope: InstrumentationScope) -> Bool {
        guard startTime.contains(span.startTime), span.traceID != except else { return false }
        return anyOf.isEmpty
            || anyOf.contains { conditions in conditions.allSatisfy { $0.matches(span: span, resource: resource, scope: scope) } }
    }
}

/// One condition on a span.
public enum SpanCondition: Hashable, Sendable {
    /// `service.name` of the resource (``TraceModel/Resource/serviceName``).
    case service(String)
    case name(String)
    case kind(SpanKind)
    case status(SpanStatus.Code)
    /// Nanoseconds.
    case durationAtLeast(UInt64)
    /// Nanoseconds.
    case durationAtMost(UInt64)
    /// The span names no parent.
    case isRoot
    case attribute(AttributeKey, AttributeTest)

    public func matches(span: Span, resource: Resource, scope: InstrumentationScope) -> Bool {
        switch self {
        case .service(let name): resource.serviceName == name
        case .name(let name): span.name == name
        case .kind(let kind): span.kind == kind
        case .status(let code): span.status.code == code
        case .durationAtLeast(let least): span.duration >= least
        case .durationAtMost(let most): span.duration <= most
        case .isRoot: span.parentSpanID == nil
        case .attribute(let key, let test): key.values(span: span, resource: resource, scope: scope).contains(where: test.holds)
        }
    }
}

/// Whose attribute.
public enum AttributeScope: String, Hashable, Sendable, CaseIterable, Comparable {
    case resource
    case span
    case event
    case link
    case instrumentation

    public static func < (left: AttributeScope, right: AttributeScope) -> Bool { left.rawValue < right.rawValue }
}

/// An attribute's key, and whose it is.
public struct AttributeKey: Hashable, Sendable {
    /// `nil`: of the span or of the resource.
    public var scope: AttributeScope?
    public var name: String

    public init(scope: AttributeScope?, name: String) {
        self.scope = scope
        self.name = name
    }

    /// All values that a span has under this key.
    func values(span: Span, resource: Resource, scope: InstrumentationScope) -> [AttributeValue] {
        func values(_ attributes: [Attribute]) -> [AttributeValue] { attributes.filter { $0.key == name }.map(\.value) }
        return switch self.scope {
        case nil: values(span.attributes) + values(resource.attributes)
        case .resource: values(resource.attributes)
        case .span: values(span.attributes)
        case .event: span.events.flatMap { values($0.attributes) }
        case .link: span.links.flatMap { values($0.attributes) }
        case .instrumentation: values(scope.attributes)
        }
    }
}

/// What is asked of an attribute's value.
public enum AttributeTest: Hashable, Sendable {
    /// The attribute is there, with any value.
    case exists
    /// The value is equal, or is a list with an equal element; whole numbers and fractions are compared as numbers.
    case equals(AttributeValue)

    func holds(_ value: AttributeValue) -> Bool {
        guard case .equals(let wanted) = self else { return true }
        if case .array(let elements) = value, elements.contains(where: { Self.areEqual($0, wanted) }) { return true }
        return Self.areEqual(value, wanted)
    }

    private static func areEqual(_ left: AttributeValue, _ right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.int(let int), .double(let double)), (.double(let double), .int(let int)): Double(int) == double
        default: left == right
        }
    }
}

/// What a scan needs of each span; the rest may be missing from what it visits.
///
/// Ids, name, kind, times, status, the resource's `service.name`, and the scope's name and version are always there.
public struct SpanProjection: Hashable, Sendable {
    public enum Attributes: Hashable, Sendable {
        case all
        /// Those with these names.
        case named(Set<String>)

        /// Those of both.
        public func union(_ names: Set<String>) -> Attributes {
            if case .named(let own) = self { .named(own.union(names)) } else { .all }
        }
    }

    /// Of spans, their events and links.
    public var attributes: Attributes
    /// Of resources and scopes, which many spans share.
    public var groupAttributes: Attributes
    /// Names, times and (as `attributes` says) attributes of events.
    public var events: Bool
    public var links: Bool

    /// - Parameter groupAttributes: `nil` for the same as `attributes`.
    public init(attributes: Attributes = .all, groupAttributes: Attributes? = nil, events: Bool = true, links: Bool = true) {
        self.attributes = attributes
        self.groupAttributes = groupAttributes ?? attributes
        self.events = events
        self.links = links
    }

    /// Everything.
    public static let whole = SpanProjection()
    /// No attributes, events or links.
    public static let bare = SpanProjection(attributes: .named([]), events: false, links: false)
}

/// Whether a scan goes on.
public enum ScanStep: Hashable, Sendable {
    case more
    case stop
}

/// A value of an attribute, and how many spans (or resources) have it.
public struct AttributeValueCount: Hashable, Sendable {
    public var value: AttributeValue
    public var count: Int

    public init(value: AttributeValue, count: Int) {
        self.value = value
        self.count = count
    }
}
