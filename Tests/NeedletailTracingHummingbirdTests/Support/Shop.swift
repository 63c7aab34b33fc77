import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NeedletailTracing
import NeedletailTracingHummingbird
import TraceModel
import Tracing

/// A small Hummingbird service on a socket, and the spans it made.
struct Shop: Sendable {
    struct Broken: Error, CustomStringConvertible {
        var description: String { "the till is broken" }
    }

    let memory = InMemorySpanExporter()
    let tracer: NeedletailTracer
    var configuration = HummingbirdTracingConfiguration()
    var excludedURLs = ExcludedURLs()

    init(sampler: any Sampler = ParentBasedSampler(root: AlwaysOnSampler())) {
        tracer = NeedletailTracer(processor: memory, sampler: sampler)
    }

    /// Runs the service while the body sends requests.
    func open(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        let router = Router(context: ClientAddressRequestContext.self)
        router.add(middleware: NeedletailTracingMiddleware(tracer: tracer, excludedURLs: excludedURLs, configuration: configuration))
        router.get("items/:id") { [tracer] _, context in
            try tracer.withSpan("look up") { _ in "item \(try context.parameters.require("id"))" }
        }
        router.get("refused") { _, _ -> String in throw HTTPError(.conflict, message: "taken") }
        router.get("overloaded") { _, _ -> String in throw HTTPError(.serviceUnavailable) }
        router.get("broken") { _, _ -> String in throw Broken() }
        router.get("teapot") { _, _ in Response(status: .init(code: 500), body: ResponseBody(byteBuffer: ByteBuffer(string: "no"))) }
        router.get("stream") { [tracer] _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for part in 0..<3 {
                        try await writer.write(tracer.withSpan("part \(part)") { _ in ByteBuffer(string: "part \(part)\n") })
                    }
                    try await writer.finish(nil)
                })
        }
        router.get("torn") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "begun"))
                    throw Broken()
                })
        }
        let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)))
        try await application.test(.live, body)
    }

    /// The span of this name, once it has ended: a span ends a moment after the client has the answer.
    func span(named name: String) async throws -> TraceModel.Span? {
        let deadline = ContinuousClock.now + .seconds(600)
        while ContinuousClock.now < deadline {
            if let span = memory.span(named: name) { return span }
            try await Task.sleep(for: .milliseconds(2))
        }
        return nil
    }
}
