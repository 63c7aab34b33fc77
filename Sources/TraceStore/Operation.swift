public import TraceModel

/// A span name of a service, with the kind it occurs as.
public struct Operation: Hashable, Sendable, Comparable {
    public var name: String
    public var kind: SpanKind

    public init(name: String, kind: SpanKind) {
        self.name = name
        self.kind = kind
    }

    public static func < (left: Operation, right: Operation) -> Bool {
        left.name != right.name ? left.name < right.name : left.kind.rawValue < right.kind.rawValue
    }
}
