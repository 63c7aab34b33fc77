internal import HTTPTypes
internal import Instrumentation
internal import NeedletailTracing
internal import TraceModel

/// Reads trace context from the headers of a request.
struct HTTPFieldsExtractor: KeyListingExtractor {
    // The literals are valid names of fields.
    private static let traceparent = HTTPField.Name(TraceContext.HeaderName.traceparent)!
    private static let tracestate = HTTPField.Name(TraceContext.HeaderName.tracestate)!

    func extract(key: String, from headers: HTTPFields) -> String? {
        switch key {
        // Making a name checks and lower-cases it: these two are asked for at each request.
        case TraceContext.HeaderName.traceparent: headers[Self.traceparent]
        case TraceContext.HeaderName.tracestate: headers[Self.tracestate]
        default: HTTPField.Name(key).flatMap { headers[$0] }
        }
    }

    func keys(in headers: HTTPFields) -> [String] { headers.map(\.name.canonicalName) }
}
