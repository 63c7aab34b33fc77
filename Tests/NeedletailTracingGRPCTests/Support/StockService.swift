import GRPCCore
import Tracing

/// A service whose methods end in the ways that calls can end.
struct StockService: RegistrableRPCService {
    struct Broken: Error, CustomStringConvertible {
        var description: String { "the shelf is broken" }
    }

    static let descriptor = ServiceDescriptor(fullyQualifiedService: "shop.Stock")
    let tracer: any Tracer

    static func method(_ name: String) -> MethodDescriptor { MethodDescriptor(service: descriptor, method: name) }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        handle("Take", in: &router) { message in tracer.withSpan("take from the shelf") { _ in [message] } }
        handle("Refuse", in: &router) { _ in throw RPCError(code: .failedPrecondition, message: "nothing left") }
        handle("Break", in: &router) { _ in throw Broken() }
        handle("Count", in: &router) { message in (0..<3).map { message + [UInt8($0)] } }
        router.registerHandler(forMethod: Self.method("Tear"), deserializer: Bytes(), serializer: Bytes()) { _, _ in
            StreamingServerResponse { writer in
                try await tracer.withSpan("within the stream") { _ in try await writer.write([1]) }
                throw RPCError(code: .dataLoss, message: "torn")
            }
        }
    }

    private func handle<Transport: ServerTransport>(
        _ name: String,
        in router: inout RPCRouter<Transport>,
        _ body: @escaping @Sendable ([UInt8]) async throws -> [[UInt8]]
    ) {
        router.registerHandler(forMethod: Self.method(name), deserializer: Bytes(), serializer: Bytes()) { request, _ in
            var answers: [[UInt8]] = []
            for try await message in request.messages { answers += try await body(message) }
            return StreamingServerResponse { [answers] writer in
                try await writer.write(contentsOf: answers)
                return [:]
            }
        }
    }
}
