public import AsyncHTTPClient
public import NeedletailTracing

extension HTTPClient {
    /// This client, with a span for each request: `client.traced().execute(request, timeout: .seconds(5))`.
    ///
    /// - Parameters:
    ///   - tracer: `nil` takes the one that is active when a request is made.
    ///   - configuration: where it is not the default, keep the result instead of making it for each request.
    public func traced(
        tracer: NeedletailTracer? = nil,
        configuration: HTTPClientTracingConfiguration = HTTPClientTracingConfiguration()
    ) -> TracedHTTPClient {
        TracedHTTPClient(self, tracer: tracer, configuration: configuration)
    }
}
