import Instrumentation
import NeedletailTracing

/// Headers as an HTTP server holds them: found in any case, and listed.
struct ListingHeaderCarrier: KeyListingExtractor {
    func extract(key: String, from carrier: [String: String]) -> String? {
        carrier.first { $0.key.lowercased() == key.lowercased() }?.value
    }

    func keys(in carrier: [String: String]) -> [String] { Array(carrier.keys) }
}

extension TextMapPropagator {
    /// What the propagator makes of headers in an empty context.
    func context(from headers: [String: String]) -> ServiceContext {
        var context = ServiceContext.topLevel
        extract(headers, into: &context, using: ListingHeaderCarrier())
        return context
    }

    /// The headers the propagator writes.
    func headers(for context: ServiceContext) -> [String: String] {
        var headers: [String: String] = [:]
        inject(context, into: &headers, using: HeaderCarrier())
        return headers
    }
}
