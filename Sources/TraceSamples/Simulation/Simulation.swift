internal import TraceModel

/// Lets the requests of ``SampleTraces`` arrive, wait, run and end, in the order of time.
struct Simulation {
    enum Event {
        case arrival(Int)
        case submit(Int, SampleModel)
        case deadline(Int)
        case finish(Int, [Int], Execution)
        case leave(Int)
    }

    private(set) var requests: [SampleRequest]
    private(set) var coldRequests: Set<Int> = []
    private var events = EventQueue<Event>()
    private var pools: [ModelPool] = []
    private var random: SampleRandom
    private let band: SampleTruth.SlowBand
    /// Ends of the requests that the language model is at work on.
    private var slots: [UInt64] = []

    init(requests: [SampleRequest], band: SampleTruth.SlowBand, seed: UInt64) {
        self.requests = requests
        self.band = band
        random = SampleRandom(seed: seed)
        for server in SampleServer.allCases { for model in SampleModel.allCases { pools.append(ModelPool(server: server, model: model)) } }
        for index in requests.indices { events.add(.arrival(index), at: requests[index].start) }
    }

    /// Goes on until a request or an execution has ended.
    ///
    /// - Returns: `nil` when nothing is left.
    mutating func next() -> Outcome? {
        while let (time, event) = events.removeFirst() {
            switch event {
            case .arrival(let index): arrive(index)
            case .submit(let index, let model): submit(index, to: model, at: time)
            case .deadline(let pool): start(pool, at: time)
            case .finish(let pool, let members, let execution): return finish(pool, members, execution, at: time)
            case .leave(let index):
                defer { requests[index].steps = [:] }
                return .request(requests[index])
            }
        }
        return nil
    }

    enum Outcome {
        case request(SampleRequest)
        case execution(SampleServer, SampleModel, Execution, members: [Int])
    }

    // MARK: Requests

    private mutating func arrive(_ index: Int) {
        let request = requests[index]
        switch (request.kind, request.failure) {
        case (.chat, _): generate(index)
        case (_, .featureStore): events.add(.leave(index), at: request.start + request.verify + request.features)
        case (.rank, _): events.add(.submit(index, .tokenizer), at: request.received + 60_000)
        case (.search, _): events.add(.submit(index, request.reranker), at: request.received + 60_000)
        }
    }

    /// A language model works on several requests at once; who comes later waits for a slot.
    private mutating func generate(_ index: Int) {
        let request = requests[index]
        let arrival = request.start + request.verify + 900_000
        slots.removeAll { $0 <= arrival }
        let queued = slots.count < SampleTraces.languageModelSlots ? random.milliseconds(0.2...1.5) : slots.sorted()[slots.count - SampleTraces.languageModelSlots] - arrival
        let prefill = UInt64(Double(request.promptTokens - request.cachedTokens) * 120_000 * random.noise(0.1)) + 9_000_000
        let decode = UInt64(Double(request.outputTokens - 1) * 17_500_000 * random.noise(0.08))
        var step = Step(arrival: arrival, queued: arrival)
        step.execution = Execution(
            number: Int64(index), size: 1, instance: 0, start: arrival + queued, inputEnd: arrival + queued, outputStart: arrival + queued + prefill,
            end: arrival + queued + prefill + decode, isCold: false)
        step.end = arrival + queued + prefill + decode
        slots.append(step.end)
        requests[index].steps[.tokenizer] = step
        events.add(.leave(index), at: step.end)
    }

    /// Puts a request into the queue of a model.
    private mutating func submit(_ index: Int, to model: SampleModel, at time: UInt64) {
        let queued = time + 40_000
        requests[index].steps[model] = Step(arrival: time, queued: queued)
        if requests[index].failure == .queueTimeout, model == requests[index].reranker {
            // The policy of the model ends what waited too long; the instance never sees it.
            let end = queued + SampleTraces.queueTimeout
            requests[index].steps[model]?.end = end
            events.add(.leave(index), at: end)
            return
        }
        let pool = requests[index].server.rawValue * SampleModel.allCases.count + model.rawValue
        pools[pool].waiting.append((index, queued))
        start(pool, at: queued)
        if model.maximumDelay > 0 { events.add(.deadline(pool), at: queued + model.maximumDelay) }
    }

    // MARK: Executions

    private mutating func start(_ pool: Int, at time: UInt64) {
        while let (members, instance) = pools[pool].nextBatch(at: time) {
            let model = pools[pool].model
            let number = pools[pool].executionCount
            let times = model.times(batch: members.count)
            let isSlow = pools[pool].server.host == band.host && band.start <= time && time < band.end
            let isCold = number == 1 && model == .imageTower
            let infer = times.infer * random.noise(0.04) * (isSlow ? SampleTraces.slowdown : 1) + (isCold ? 4_200 : 0)
            let begin = time + 15_000
            let inputEnd = begin + UInt64(times.input * random.noise(0.05) * 1e6)
            let outputStart = inputEnd + UInt64(infer * 1e6)
            let execution = Execution(
                number: number, size: members.count, instance: instance, start: begin, inputEnd: inputEnd, outputStart: outputStart,
                end: outputStart + UInt64(times.output * random.noise(0.05) * 1e6), isCold: isCold)
            if isCold { coldRequests.formUnion(members) }
            // The instance is taken a little longer, so that its executions never touch.
            events.add(.finish(pool, members, execution), at: execution.end + 20_000)
        }
    }

    private mutating func finish(_ pool: Int, _ members: [Int], _ execution: Execution, at time: UInt64) -> Outcome {
        let (server, model) = (pools[pool].server, pools[pool].model)
        pools[pool].freeInstances.append(execution.instance)
        for index in members {
            requests[index].steps[model]?.execution = execution
            requests[index].steps[model]?.end = execution.end + 30_000
            proceed(index, after: model, at: execution.end + 30_000)
        }
        start(pool, at: time)
        return .execution(server, model, execution, members: members)
    }

    /// What a request does after a model is done with it.
    private mutating func proceed(_ index: Int, after model: SampleModel, at time: UInt64) {
        let request = requests[index]
        guard request.kind == .rank else {
            events.add(.leave(index), at: time)
            return
        }
        switch model {
        case .tokenizer:
            requests[index].openBranches = 2
            events.add(.submit(index, request.reranker), at: time + 80_000)
            events.add(.submit(index, .imageTower), at: time + 80_000)
        case .reranker3, .reranker4, .imageTower:
            requests[index].openBranches -= 1
            guard requests[index].openBranches == 0 else { return }
            // The ensemble waits for both branches, also when one has failed.
            if request.failure == .outOfMemory { events.add(.leave(index), at: time) } else { events.add(.submit(index, .scoreHead), at: time + 900_000) }
        case .scoreHead: events.add(.leave(index), at: time + 700_000)
        }
    }
}
