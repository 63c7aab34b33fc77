public import Hummingbird
public import TraceStore

/// Zipkin's query API, version 2, which shares its port with the receiver of spans (zipkin.io/zipkin-api, "zipkin2-api.yaml").
public struct ZipkinQueryAPI: Sendable {
    private let store: any TraceStore

    public init(store: any TraceStore) {
        self.store = store
    }

    /// Answers every request that brings no spans.
    public func respond(to request: Request) async -> Response {
        Response(status: .notFound)
    }
}
