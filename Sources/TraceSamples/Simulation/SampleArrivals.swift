internal import TraceModel

/// Who asks for what, and when: small bursts all the time, large ones of one client in the slow band.
struct SampleArrivals {
    var truth: SampleTruth
    var count: Int

    func requests(_ random: inout SampleRandom) -> [SampleRequest] {
        var requests: [SampleRequest] = []
        let length = truth.end - truth.start
        // Three tenths of all are the large bursts.
        let steady = count * 7 / 10
        while requests.count < steady {
            let at = truth.start + UInt64.random(in: 0..<max(length, 1), using: &random)
            let isChat = random.chance(0.16)
            let size = isChat ? (random.chance(0.03) ? 14 : 1) : [1, 1, 2, 3, 4, 6][Int.random(in: 0..<6, using: &random)]
            for _ in 0..<min(size, steady - requests.count) {
                let kind: SampleRequest.Kind = isChat ? .chat : random.chance(0.35) ? .search : .rank
                let client = ["web-shop", "web-shop", "mobile", "partner-api"][Int.random(in: 0..<4, using: &random)]
                let server: SampleServer = random.chance(0.5) ? .triton : .needletail
                requests.append(request(kind, client, server, at + UInt64.random(in: 0..<4_000_000, using: &random), &random))
            }
        }
        let burst = 44
        let bursts = max(1, (count - steady) / burst)
        let gap = (truth.band.end - truth.band.start) / UInt64(bursts)
        for number in 0..<bursts {
            let at = truth.band.start + gap * UInt64(number) + UInt64.random(in: 0..<max(gap / 4, 1), using: &random)
            for _ in 0..<burst {
                requests.append(request(.search, truth.band.client, .needletail, at + UInt64.random(in: 0..<3_000_000, using: &random), &random))
            }
        }
        requests.sort { $0.start < $1.start }
        return requests
    }

    private func request(
        _ kind: SampleRequest.Kind, _ client: String, _ server: SampleServer, _ start: UInt64, _ random: inout SampleRandom
    ) -> SampleRequest {
        var request = SampleRequest(
            traceID: TraceID(high: random.next(), low: random.next() | 1), kind: kind, client: client, server: server,
            reranker: random.chance(0.5) ? .reranker3 : .reranker4, start: start, verify: random.milliseconds(1...6),
            features: kind != .rank ? 0 : random.milliseconds(8...14), receive: random.milliseconds(0.3...2), send: random.milliseconds(0.2...1.5),
            format: random.milliseconds(3...5))
        if kind == .chat {
            request.promptTokens = Int.random(in: 40...2400, using: &random)
            request.cachedTokens = random.chance(0.4) ? request.promptTokens / 2 : 0
            request.outputTokens = Int.random(in: 24...260, using: &random)
        } else if random.chance(0.008) {
            let possible: [SampleRequest.Failure] = kind == .rank ? [.queueTimeout, .outOfMemory, .featureStore] : [.queueTimeout]
            request.failure = possible.randomElement(using: &random)
        }
        return request
    }
}
