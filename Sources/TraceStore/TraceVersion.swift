public import TraceModel

/// What tells two states of a trace apart: equal versions of one trace, in one store, have the same spans.
public struct TraceVersion: Hashable, Sendable {
    /// For comparison, and for an HTTP `ETag`; says nothing about what came first.
    public var value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }
}

extension TraceStore {
    public func version(ofTrace id: TraceID) async throws -> TraceVersion? {
        guard let trace = try await trace(id) else { return nil }
        return TraceVersion(UInt64(bitPattern: Int64(trace.hashValue)))
    }
}
