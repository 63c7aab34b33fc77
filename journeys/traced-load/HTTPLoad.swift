internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// `POST …/generate`, one request after the other on each connection.
struct HTTPLoad: Sendable {
    var options: LoadOptions
    var ledger: SpanLedger

    func run() async throws -> LoadOutcome {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.connections
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let outcome = await withTaskGroup(of: LoadOutcome.self) { group in
            for connection in 0..<options.connections {
                group.addTask { await send(options.share(of: connection), client: client) }
            }
            return await group.reduce(into: LoadOutcome()) { $0.add($1) }
        }
        try await client.shutdown()
        return outcome
    }

    private func send(_ numbers: StrideTo<Int>, client: HTTPClient) async -> LoadOutcome {
        var outcome = LoadOutcome()
        for number in numbers {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(options.port)/v2/models/passthrough/generate")
            request.method = .POST
            request.headers.add(name: "traceparent", value: ledger.traceparent(number))
            request.body = .bytes(ByteBuffer(string: #"{"sleep":0,"error":false}"#))
            do {
                let response = try await client.execute(request, timeout: .seconds(30))
                let body = try await response.body.collect(upTo: 1 << 16)
                guard response.status == .ok else {
                    outcome.fail("\(response.status): \(String(buffer: body))")
                    continue
                }
                outcome.answered += 1
            } catch {
                outcome.fail("\(error)")
            }
        }
        return outcome
    }
}
