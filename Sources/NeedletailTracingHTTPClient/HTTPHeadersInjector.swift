internal import Instrumentation
internal import NIOHTTP1

/// Writes trace context into the headers of a request, in place of what a caller may have copied there.
struct HTTPHeadersInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
        headers.replaceOrAdd(name: key, value: value)
    }
}
