public import TraceModel

/// What all questions about many traces need of each: a record of fixed fields by trace, and its attributes as small numbers.
///
/// Columns, not objects: a question looks at 100,000 traces in milliseconds. Every list is bounded.
public struct FeatureTable: Sendable {
    /// Attributes of one trace that are kept, at most.
    public static let maximumPairsPerTrace = 96
    /// Kinds of spans whose attributes are kept, for each trace; the first ones by row.
    static let maximumKindsPerTrace = 12
    /// Operations of one trace that are kept.
    static let maximumOperationsPerTrace = 48
    /// Different keys, and different values of one key; what comes later is not kept.
    static let maximumKeys = 2_000
    static let maximumValuesPerKey = 5_000
    /// Gaps between tokens, of all traces together.
    static let maximumTokenGaps = 500_000
    /// Characters of a value.
    static let maximumValueLength = 120

    struct Pair: Hashable {
        var key: UInt32
        var value: UInt32
    }

    /// A service and the name of its spans.
    struct Operation: Hashable {
        var service: UInt32
        var name: UInt32
    }

    var strings = Interner<String>()
    var pairNames = Interner<Pair>()
    var operationNames = Interner<Operation>()
    private var valuesOfKey: [UInt32: Int] = [:]
    private var featureKeys: Set<UInt32> = []

    public private(set) var traceIDs: [TraceID] = []
    public private(set) var startTimes: [UInt64] = []
    public private(set) var durations: [UInt64] = []
    public private(set) var spanCounts: [UInt32] = []
    public private(set) var errorCounts: [UInt32] = []
    public private(set) var weights: [TraceWeight] = []
    var rootServices: [UInt32] = []
    var rootNames: [UInt32] = []
    /// Of the first model, or language model, by row.
    var services: [UInt32] = []
    var models: [UInt32] = []
    var versions: [UInt32] = []
    var hosts: [UInt32] = []
    var errorMessages: [UInt32] = []
    /// `Stage.allCases.count` for each trace.
    var stages: [UInt64] = []
    /// Requests in the execution of the first model; 0 when unknown.
    public private(set) var batchRequests: [UInt32] = []
    /// Nanoseconds; `UInt64.max` when unknown.
    var timesToFirstToken: [UInt64] = []
    /// Nanoseconds; negative when unknown.
    var interTokenTimes: [Double] = []
    var inputTokens: [Int64] = []
    var outputTokens: [Int64] = []
    var cachedTokens: [Int64] = []
    /// By row, nanoseconds from each token to the next of a streamed answer; only the first ones of so many rows as fit.
    private(set) var tokenGaps: [Int: [Float]] = [:]
    private var tokenGapCount = 0
    var cacheHits: [Bool] = []
    public internal(set) var isCold: [Bool] = []

    // For each trace, where its part of the list behind it begins; one more at the end.
    var pairStarts: [UInt32] = [0]
    var pairs: [UInt32] = []
    var numberStarts: [UInt32] = [0]
    var numberKeys: [UInt32] = []
    var numbers: [Double] = []
    var errorGroupStarts: [UInt32] = [0]
    /// Ids of groups of errors.
    var errorGroups: [UInt32] = []
    var operationStarts: [UInt32] = [0]
    var operations: [UInt32] = []
    /// Time on the critical path, nanoseconds.
    var operationTimes: [UInt64] = []
    var pathFrames = Interner<PathFrame>()
    var pathStarts: [UInt32] = [0]
    var paths: [UInt32] = []
    /// Own time on the critical path, nanoseconds.
    var pathTimes: [UInt64] = []

    static let stageCount = Stage.allCases.count

    public init() {}

    public var count: Int { traceIDs.count }
    /// Names of all attributes, with the kind of span before each.
    var attributeKeys: some Sequence<String> { featureKeys.lazy.map { strings[$0] } }

    public func rootService(_ index: Int) -> String { strings[rootServices[index]] }
    public func rootName(_ index: Int) -> String { strings[rootNames[index]] }
    public func service(_ index: Int) -> String { strings[services[index]] }
    /// Empty when the trace asks no model.
    public func model(_ index: Int) -> String { strings[models[index]] }
    public func version(_ index: Int) -> String { strings[versions[index]] }
    public func host(_ index: Int) -> String { strings[hosts[index]] }
    public func errorMessage(_ index: Int) -> String { strings[errorMessages[index]] }
    public func timeToFirstToken(_ index: Int) -> UInt64? { timesToFirstToken[index] == .max ? nil : timesToFirstToken[index] }
    public func interTokenTime(_ index: Int) -> Double? { interTokenTimes[index] < 0 ? nil : interTokenTimes[index] }
    public func inputTokenCount(_ index: Int) -> Int64? { inputTokens[index] < 0 ? nil : inputTokens[index] }
    public func outputTokenCount(_ index: Int) -> Int64? { outputTokens[index] < 0 ? nil : outputTokens[index] }
    /// Prompt tokens that were not computed again.
    public func cachedTokenCount(_ index: Int) -> Int64? { cachedTokens[index] < 0 ? nil : cachedTokens[index] }
    /// Nanoseconds from each token to the next; empty when the trace does not tell when tokens came.
    public func gapsBetweenTokens(_ index: Int) -> [Float] { tokenGaps[index] ?? [] }
    public func isCacheHit(_ index: Int) -> Bool { cacheHits[index] }
    /// Nanoseconds on the critical path.
    public func time(_ stage: Stage, _ index: Int) -> UInt64 { stages[index * Self.stageCount + stage.position] }
    public func weight(_ index: Int) -> Double { weights[index].count }
    /// The stages that took any time, in causal order.
    public func strip(_ index: Int) -> [StageShare] {
        Stage.allCases.compactMap { stage in
            let time = time(stage, index)
            return time > 0 ? StageShare(stage: stage, duration: time) : nil
        }
    }

    /// Adds a trace.
    mutating func append(
        _ tree: TraceTree, _ inference: InferenceTree, _ breakdown: StageBreakdown, _ members: [ExecutionMember], _ errors: [TraceError],
        weight: TraceWeight
    ) {
        let summary = TraceSummary(tree.spans)
        traceIDs.append(summary.traceID)
        startTimes.append(summary.startTime)
        durations.append(summary.duration)
        spanCounts.append(UInt32(clamping: summary.spanCount))
        errorCounts.append(UInt32(clamping: summary.errorCount))
        weights.append(weight)
        rootServices.append(strings.number(of: summary.rootService))
        rootNames.append(strings.number(of: cut(summary.rootName)))
        errorMessages.append(strings.number(of: cut(summary.errorMessage ?? "")))
        let modelRow = inference.nodes.first { $0.span.role == .model || $0.span.role == .languageModel }?.row
        let identity = modelRow.map { ExecutionMember.identity(tree.span($0), tree.resource($0), tree.serviceName($0)) }
        let llm = breakdown.languageModels.first
        let model = llm?.model ?? identity?.model ?? ""
        services.append(strings.number(of: identity?.service ?? summary.rootService))
        models.append(strings.number(of: cut(model)))
        versions.append(strings.number(of: cut(identity?.version ?? "")))
        let hostRow = modelRow ?? 0
        hosts.append(strings.number(of: tree.rows.isEmpty ? "" : cut(ModelIdentity.server(of: tree.resource(hostRow)))))
        var times = [UInt64](repeating: 0, count: Self.stageCount)
        for share in breakdown.strip { times[share.stage.position] = share.duration }
        // A trace without inference spans is one whose time no stage tells.
        if breakdown.strip.isEmpty { times[Stage.unaccounted.position] = summary.duration }
        stages += times
        batchRequests.append(UInt32(clamping: members.first.flatMap { $0.batchRequests ?? $0.batchSize } ?? 0))
        timesToFirstToken.append(llm?.timeToFirstToken ?? .max)
        interTokenTimes.append(llm?.interTokenTime ?? -1)
        inputTokens.append(llm?.inputTokens ?? -1)
        outputTokens.append(llm?.outputTokens ?? -1)
        cachedTokens.append(llm?.cachedTokens ?? -1)
        if let llm, tokenGapCount < Self.maximumTokenGaps {
            let gaps = LLMFacts.gapsBetweenTokens(tree.span(llm.row))
            if !gaps.isEmpty { tokenGaps[count - 1] = gaps }
            tokenGapCount += gaps.count
        }
        cacheHits.append(!breakdown.cacheHits.isEmpty)
        isCold.append(false)
        appendFacts(tree, inference, members, llm, hasModel: modelRow != nil)
        appendAttributes(tree, inference)
        let path = CriticalPath(tree)
        appendOperations(tree, path)
        appendPaths(tree, inference, breakdown, path)
        for id in Set(errors.map(\.signature.id)) { errorGroups.append(strings.number(of: id)) }
        errorGroupStarts.append(UInt32(truncatingIfNeeded: errorGroups.count))
        pairStarts.append(UInt32(truncatingIfNeeded: pairs.count))
        numberStarts.append(UInt32(truncatingIfNeeded: numbers.count))
        operationStarts.append(UInt32(truncatingIfNeeded: operations.count))
        pathStarts.append(UInt32(truncatingIfNeeded: paths.count))
    }

    func cut(_ text: String) -> String {
        text.utf8.count <= Self.maximumValueLength ? text : String(text.prefix(Self.maximumValueLength))
    }

    // MARK: Attributes

    /// Facts of the trace come first: they have plain names.
    private mutating func appendFacts(
        _ tree: TraceTree, _ inference: InferenceTree, _ members: [ExecutionMember], _ llm: LLMFacts?, hasModel: Bool
    ) {
        let index = count - 1
        addPair("service", strings[rootServices[index]])
        addPair("operation", strings[rootNames[index]])
        if hasModel {
            addPair("model", strings[models[index]])
            addPair("version", strings[versions[index]])
            addPair("server", strings[services[index]])
        }
        addPair("host", strings[hosts[index]])
        if let member = members.first {
            addPair("instance", member.instance ?? "")
            if let requests = member.batchRequests { addNumber("batch.requests", Double(requests)) }
            if let size = member.batchSize { addNumber("batch.size", Double(size)) }
        }
        if let tokens = llm?.inputTokens { addNumber("tokens.in", Double(tokens)) }
        if let tokens = llm?.outputTokens { addNumber("tokens.out", Double(tokens)) }
        addPair("finish", llm?.finishReason ?? "")
        if cacheHits[index] { addPair("cache", "hit") }
        if errorCounts[index] > 0 { addPair("status", "error") }
    }

    /// Attributes by kind of span (`root.`, `model.`, `compute.` …), so that like is compared with like.
    private mutating func appendAttributes(_ tree: TraceTree, _ inference: InferenceTree) {
        var modelRows: Set<Int> = []
        for node in inference.nodes where node.span.role == .model { modelRows.insert(node.row) }
        var kinds: Set<String> = []
        var resources: Set<Int> = []
        for (row, place) in tree.rows.enumerated() {
            let entry = tree.spans.entries[place.entry]
            let kind = row == 0 ? "root" : modelRows.contains(row) ? "model" : entry.span.name
            guard kinds.count < Self.maximumKindsPerTrace, kinds.insert(kind).inserted else { continue }
            for attribute in entry.span.attributes { add(attribute, prefix: kind) }
            let isRootsResource = tree.rows.first.map { tree.spans.entries[$0.entry].resource == entry.resource } ?? false
            guard resources.insert(entry.resource).inserted else { continue }
            let prefix = row == 0 || isRootsResource ? "resource" : "\(tree.serviceName(row)).resource"
            for attribute in tree.spans.resources[entry.resource].attributes where attribute.key != "service.name" {
                add(attribute, prefix: prefix)
            }
        }
    }

    /// Counters and durations: they go with everything that is slow or late, and explain nothing.
    private static let excludedKeys: Set = ["batch.id", "triton.trace_id", "triton.trace_parent_id", "trace_id", "trace_parent_id"]

    private mutating func add(_ attribute: Attribute, prefix: String) {
        if Self.excludedKeys.contains(attribute.key) || attribute.key.hasPrefix("gen_ai.latency.") { return }
        switch attribute.value {
        case .string(let text): addPair(cut(prefix + "." + attribute.key), text)
        case .bool(let flag): addPair(cut(prefix + "." + attribute.key), flag ? "true" : "false")
        case .int(let value): addNumber(cut(prefix + "." + attribute.key), Double(value))
        case .double(let value): if value.isFinite { addNumber(cut(prefix + "." + attribute.key), value) }
        case .bytes, .array, .keyValueList, .empty: break
        }
    }

    private mutating func key(_ name: String) -> UInt32? {
        if let known = strings.find(name), featureKeys.contains(known) { return known }
        guard featureKeys.count < Self.maximumKeys else { return nil }
        let number = strings.number(of: name)
        featureKeys.insert(number)
        return number
    }

    private mutating func addPair(_ name: String, _ value: String) {
        guard !value.isEmpty, pairs.count - Int(pairStarts[pairStarts.count - 1]) < Self.maximumPairsPerTrace, let key = key(name) else { return }
        let value = cut(value)
        if let known = strings.find(value), let pair = pairNames.find(Pair(key: key, value: known)) {
            pairs.append(pair)
            return
        }
        guard valuesOfKey[key, default: 0] < Self.maximumValuesPerKey else { return }
        valuesOfKey[key, default: 0] += 1
        pairs.append(pairNames.number(of: Pair(key: key, value: strings.number(of: value))))
    }

    private mutating func addNumber(_ name: String, _ value: Double) {
        guard numbers.count - Int(numberStarts[numberStarts.count - 1]) < Self.maximumPairsPerTrace, let key = key(name) else { return }
        numberKeys.append(key)
        numbers.append(value)
    }

    private mutating func appendOperations(_ tree: TraceTree, _ path: CriticalPath) {
        var times: [UInt32: UInt64] = [:]
        var order: [UInt32] = []
        for (row, place) in tree.rows.enumerated() {
            let service = strings.number(of: tree.serviceName(row))
            let name = strings.number(of: cut(tree.spans.entries[place.entry].span.name))
            let operation = operationNames.number(of: Operation(service: service, name: name))
            if times[operation] == nil {
                guard order.count < Self.maximumOperationsPerTrace else { continue }
                order.append(operation)
            }
            times[operation, default: 0] += path.exclusive[row]
        }
        for operation in order {
            operations.append(operation)
            operationTimes.append(times[operation] ?? 0)
        }
    }

    // MARK: Requests by operation

    /// Weighted requests in which a service did something, by service and the name of its spans.
    public func requestCounts(_ isIncluded: [Bool]) -> RequestCounts {
        var counts: [UInt32: Double] = [:]
        for index in 0..<count where isIncluded[index] {
            for place in operationRange(index) { counts[operations[place], default: 0] += weight(index) }
        }
        return RequestCounts(features: self, counts: counts)
    }

    public struct RequestCounts {
        fileprivate let features: FeatureTable
        fileprivate let counts: [UInt32: Double]

        /// `nil` when no such span is known.
        public func count(service: String, name: String) -> Double? {
            guard let service = features.strings.find(service), let name = features.strings.find(name) else { return nil }
            return features.operationNames.find(Operation(service: service, name: name)).flatMap { counts[$0] }
        }
    }

    // MARK: Parts of a trace

    func pairRange(_ index: Int) -> Range<Int> { Int(pairStarts[index])..<Int(pairStarts[index + 1]) }
    func numberRange(_ index: Int) -> Range<Int> { Int(numberStarts[index])..<Int(numberStarts[index + 1]) }
    func errorGroupRange(_ index: Int) -> Range<Int> { Int(errorGroupStarts[index])..<Int(errorGroupStarts[index + 1]) }
    func operationRange(_ index: Int) -> Range<Int> { Int(operationStarts[index])..<Int(operationStarts[index + 1]) }
}

extension Stage {
    /// Place in `allCases`.
    var position: Int {
        switch self {
        case .receive: 0
        case .gateway: 1
        case .network: 2
        case .queue: 3
        case .input: 4
        case .infer: 5
        case .prefill: 6
        case .decode: 7
        case .output: 8
        case .send: 9
        case .unaccounted: 10
        }
    }
}
