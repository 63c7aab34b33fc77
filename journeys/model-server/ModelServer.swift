internal import Foundation
internal import Inference
internal import Logging
internal import NeedletailServing

/// What the journeys ask that the built-in model cannot answer: every element type, decoupled answers, errors of each kind.
///
/// Takes `--trace-config WORD` (repeated), `--restrict CATEGORY,…:HEADER=VALUE` and `--forward PATTERN` (both of gRPC), and prints
/// `ready HTTP-PORT GRPC-PORT`.
@main
enum ModelServer {
    static func main() async throws {
        var configuration = ServerConfiguration(http: .init(port: 0), grpc: .init(port: 0))
        var rest = CommandLine.arguments.dropFirst()
        while let option = rest.popFirst(), let value = rest.popFirst() {
            switch option {
            case "--trace-config": configuration.tracing.traceConfig.append(value)
            case "--restrict": configuration.grpc?.restrictedProtocols.append(value)
            case "--forward": configuration.grpc?.headerForwardPattern = value
            case "--max-message-size": configuration.grpc?.maxMessageSize = Int(value) ?? 0
            default: throw InferenceError(.invalidArgument, "unknown option \(option)")
            }
        }
        configuration.models = Models.all
        let server = try Server(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.runUntilSignal() }
            let ports = (try await server.boundPort, try await server.boundGRPCPort ?? 0)
            print("ready \(ports.0) \(ports.1)")
            fflush(nil)
            try await group.waitForAll()
        }
    }
}
