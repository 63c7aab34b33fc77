internal import Hummingbird
internal import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel
internal import TracingConventions

extension ResponseBody {
    /// The body, written within the service context of the span, whose end is the end of the writing.
    ///
    /// A body that is dropped unwritten (the answer to HEAD, say) ends the span with its last reference.
    func leasing(_ lease: SpanLease, in context: ServiceContext) -> ResponseBody {
        let body = self
        return ResponseBody(contentLength: contentLength) { writer in
            let target = writer
            do {
                try await ServiceContext.withValue(context) { try await body.write(target) }
                lease.end()
            } catch {
                // The connection broke, or the source of the body failed: the status was sent long ago.
                lease.fail(error, attributes: [Attribute("error.type", .string(ErrorType.name(of: error)))])
                throw error
            }
        }
    }

    /// The body, written within a service context.
    func running(in context: ServiceContext) -> ResponseBody {
        let body = self
        return ResponseBody(contentLength: contentLength) { writer in
            let target = writer
            try await ServiceContext.withValue(context) { try await body.write(target) }
        }
    }
}
