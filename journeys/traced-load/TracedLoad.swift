internal import Foundation
internal import Logging

/// Sends requests to a server's passthrough model, each with a caller's context of its own, takes the spans that the server
/// exports, and says of each request whether its tree came whole and below its caller.
///
///     needletail-traced-load --protocol http|grpc --port N --receiver-port N [--connections 8] [--requests 100000] [--timeout 60]
///
/// The server is started by whoever starts this, with `rate=1` and its spans going to the receiver's port. Prints one line of
/// JSON and ends with 0 when nothing was missing.
@main
struct TracedLoad {
    static func main() async throws {
        let options = try LoadOptions(CommandLine.arguments.dropFirst())
        let ledger = SpanLedger(requests: options.requests)
        let receiver = SpanReceiver(port: options.receiverPort, ledger: ledger)
        let receiving = Task { try await receiver.run() }
        try await receiver.isListening()
        let start = ContinuousClock.now
        let outcome: LoadOutcome =
            switch options.transport {
            case .http: try await HTTPLoad(options: options, ledger: ledger).run()
            case .grpc: try await GRPCLoad(options: options, ledger: ledger).run()
            }
        let duration = start.duration(to: .now)
        let deadline = ContinuousClock.now.advanced(by: .seconds(options.timeout))
        while ledger.spanCount < options.requests * SpanLedger.spansPerRequest, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
        receiving.cancel()
        let verdict = ledger.verdict()
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        let report: [String: Any] = [
            "requests": options.requests, "answered": outcome.answered, "failed": outcome.failed, "first_failure": outcome.firstFailure ?? "",
            "complete": verdict.complete, "incomplete": verdict.incomplete, "outside": verdict.outside, "unknown_spans": verdict.unknown,
            "example": verdict.example, "seconds": seconds, "requests_per_second": Double(options.requests) / seconds,
        ]
        print(String(decoding: try JSONSerialization.data(withJSONObject: report, options: .sortedKeys), as: UTF8.self))
        exit(outcome.failed == 0 && verdict.complete == options.requests && verdict.unknown == 0 ? 0 : 1)
    }
}

/// How many requests were answered as they should.
struct LoadOutcome: Sendable {
    var answered = 0
    var failed = 0
    var firstFailure: String?

    mutating func fail(_ text: String) {
        failed += 1
        firstFailure = firstFailure ?? text
    }

    mutating func add(_ other: LoadOutcome) {
        answered += other.answered
        failed += other.failed
        firstFailure = firstFailure ?? other.firstFailure
    }
}

struct LoadOptions: Sendable {
    enum Transport: String { case http, grpc }

    var transport = Transport.http
    var port = 0
    var receiverPort = 0
    var connections = 8
    var requests = 100_000
    /// Seconds to wait for the last spans.
    var timeout = 60

    init(_ arguments: ArraySlice<String>) throws {
        struct Usage: Error, CustomStringConvertible { var description: String }
        var rest = arguments
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Usage(description: "\(name) needs a value") }
            if name == "--protocol", let transport = Transport(rawValue: value) {
                self.transport = transport
                continue
            }
            guard let number = Int(value), number > 0 else { throw Usage(description: "\(name) must be above 0, got \(value)") }
            switch name {
            case "--port": port = number
            case "--receiver-port": receiverPort = number
            case "--connections": connections = number
            case "--requests": requests = number
            case "--timeout": timeout = number
            default: throw Usage(description: "unknown option \(name)")
            }
        }
        guard port > 0, receiverPort > 0 else { throw Usage(description: "--port and --receiver-port are needed") }
    }

    /// The requests that one of the connections sends.
    func share(of connection: Int) -> StrideTo<Int> { stride(from: connection, to: requests, by: connections) }
}
