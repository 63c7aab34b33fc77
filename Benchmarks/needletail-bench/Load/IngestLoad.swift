internal import Glibc
internal import NeedletailTracing

/// Replays prepared export requests over kept connections from one thread, and measures until each is acknowledged.
struct IngestLoad {
    var port: UInt16
    var connections: Int
    var seconds: Double
    var encoding: SpanRequests.Encoding
    var spansPerRequest: Int
    var attributesPerSpan: Int
    /// The number of different requests made beforehand; the run ends when all are sent, or when the time is over.
    var maximumRequests: Int

    struct Result {
        var requests = 0
        /// Requests answered 429 or 503, and sent again.
        var refused = 0
        var bytes = 0
        var seconds = 0.0
        var latencies: [Double] = []

        func percentile(_ share: Double) -> Double {
            guard !latencies.isEmpty else { return 0 }
            return latencies.sorted()[min(latencies.count - 1, Int(Double(latencies.count) * share))]
        }
    }

    func run() throws(BenchmarkFailure) -> Result {
        let requests = prepared()
        var open: [KeptConnection] = []
        for _ in 0..<connections { open.append(try KeptConnection(port: port)) }
        defer { for connection in open { connection.close() } }

        var result = Result()
        var waiting = Array((0..<requests.count).reversed())
        let began = Self.now()
        while true {
            let time = Self.now()
            let isOver = time - began >= seconds
            for index in open.indices where open[index].isIdle {
                guard !isOver, let request = waiting.popLast() else { continue }
                open[index].begin(request: request, at: time)
                try open[index].send(requests[request])
            }
            guard open.contains(where: { !$0.isIdle }) else { break }
            try step(&open, requests: requests, waiting: &waiting, result: &result)
        }
        result.seconds = Self.now() - began
        return result
    }

    /// Waits for the sockets once and serves those that are ready.
    private func step(_ open: inout [KeptConnection], requests: [[UInt8]], waiting: inout [Int], result: inout Result) throws(BenchmarkFailure) {
        let busy = open.indices.filter { !open[$0].isIdle }
        var polled = busy.map { pollfd(fd: open[$0].descriptor, events: open[$0].interest(requestSize: requests[open[$0].request].count), revents: 0) }
        guard poll(&polled, nfds_t(polled.count), 30_000) > 0 else { throw BenchmarkFailure("no answer for 30 s") }
        for (slot, index) in busy.enumerated() where polled[slot].revents != 0 {
            let request = open[index].request
            if polled[slot].revents & Int16(POLLOUT) != 0 { try open[index].send(requests[request]) }
            guard polled[slot].revents & ~Int16(POLLOUT) != 0, let status = try open[index].receive() else { continue }
            switch status {
            case 200, 202:
                result.requests += 1
                result.bytes += requests[request].count
                result.latencies.append(Self.now() - open[index].startedAt)
            case 429, 503:
                result.refused += 1
                waiting.append(request)
            default:
                throw BenchmarkFailure("a request was answered \(status)")
            }
        }
    }

    private func prepared() -> [[UInt8]] {
        var maker = SpanRequests(encoding: encoding, spansPerRequest: spansPerRequest, attributesPerSpan: attributesPerSpan)
        let time = WallClock.now()
        let type = encoding == .protobuf ? "application/x-protobuf" : "application/json"
        return (0..<maximumRequests).map { _ in
            let body = maker.next(at: time)
            let path = encoding == .zipkin ? "/api/v2/spans" : "/v1/traces"
            let head = "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
            return Array(head.utf8) + body
        }
    }

    /// Seconds on a clock that never goes back.
    private static func now() -> Double {
        let passed = origin.duration(to: .now).components
        return Double(passed.seconds) + Double(passed.attoseconds) / 1e18
    }

    private static let origin = ContinuousClock.now
}
