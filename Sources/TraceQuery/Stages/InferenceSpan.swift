internal import TraceModel

/// A span of an inference server, or of a gateway before it, read for its stages.
struct InferenceSpan {
    enum Role: Hashable {
        /// `InferRequest`: the front end's span.
        case request
        /// A model's span, an ensemble's included.
        case model
        /// `compute`: the execution.
        case compute
        /// A request to a language model.
        case languageModel
        /// A stage from start to end.
        case phase(Stage)
        /// A gateway's span of a request.
        case gateway
        /// A gateway's attempt at an upstream.
        case attempt
        /// A web framework's request, and whether a model runs in it.
        case framework(isModelServer: Bool)
    }

    let role: Role
    /// The span itself.
    let bounds: TimeRange
    private(set) var receive: TimeRange?
    private(set) var sends: [TimeRange] = []
    private(set) var queueStart: UInt64?
    private(set) var requestEnd: UInt64?
    private(set) var computeStart: UInt64?
    private(set) var computeInputEnd: UInt64?
    private(set) var computeOutputStart: UInt64?
    private(set) var computeEnd: UInt64?
    private(set) var languageModel: LLMFacts?
    let hasFailed: Bool

    /// - Returns: `nil` for a span that no inference server makes.
    init?(_ span: Span, scope: String) {
        bounds = TimeRange(span.startTime, span.endTime)
        hasFailed = span.status.code == .error
        if let role = Self.role(of: span, scope: scope) {
            self.role = role
            if role == .gateway { readGatewayEvents(span) }
            return
        }
        var sawRequest = span.name == StageRules.request
        var sawModel = span.attributes.contains { StageRules.modelName[0] == $0.key }
        var sawCompute = false
        var receiveStart: UInt64?
        var sendStart: UInt64?
        for event in span.events {
            guard let kind = StageEvent(event.name) else { continue }
            switch kind {
            case .receiveStart:
                sawRequest = true
                receiveStart = event.time
            case .receiveEnd:
                if let start = receiveStart, receive == nil, event.time >= start { receive = TimeRange(start, event.time) }
            case .sendStart:
                sawRequest = true
                sendStart = event.time
            case .sendEnd:
                if let start = sendStart, event.time >= start { sends.append(TimeRange(start, event.time)) }
                sendStart = nil
            case .waitRead: sawRequest = true
            case .requestStart: sawModel = true
            case .queueStart:
                sawModel = true
                queueStart = event.time
            case .requestEnd: requestEnd = event.time
            case .computeStart:
                sawCompute = true
                computeStart = event.time
            case .computeInputEnd: computeInputEnd = event.time
            case .computeOutputStart: computeOutputStart = event.time
            case .computeEnd: computeEnd = event.time
            }
        }
        if sawCompute {
            role = .compute
        } else if sawModel {
            role = .model
        } else if sawRequest {
            role = .request
        } else if let facts = LLMFacts(span) {
            role = .languageModel
            languageModel = facts
        } else {
            return nil
        }
    }

    /// The roles that a name tells.
    private static func role(of span: Span, scope: String) -> Role? {
        if let stage = StageRules.phases[span.name] { return .phase(stage) }
        if span.kind == .internal, !(messageRole(of: span) == nil) { return messageRole(of: span) }
        if span.kind == .server, StageRules.frameworkScopes.contains(scope) {
            return .framework(isModelServer: scope == StageRules.bentoScope)
        }
        let isGateways = scope == StageRules.gatewayScope || span.attributes.contains { $0.key == "upstream_cluster" }
        if isGateways {
            if span.name == StageRules.gateway { return .gateway }
            if span.name.hasPrefix(StageRules.attemptPrefix), span.name.hasSuffix(StageRules.attemptSuffix) { return .attempt }
        }
        return nil
    }

    private static func messageRole(of span: Span) -> Role? {
        let isReceive = span.name.hasSuffix(StageRules.messageReceived)
        guard isReceive || span.name.hasSuffix(StageRules.messageSent) else { return nil }
        guard isReceive else { return .phase(.send) }
        // Waiting for the client to leave is no receiving; a span without a type was interrupted in that wait.
        let type = StageRules.messageType.lazy.compactMap { span.attributes[$0]?.string }.first
        return type == "http.request" ? .phase(.receive) : nil
    }

    private mutating func readGatewayEvents(_ span: Span) {
        var sendStart: UInt64?
        for event in span.events {
            switch event.name {
            case StageRules.gatewayReceived: receive = TimeRange(bounds.start, event.time)
            case StageRules.gatewaySendStart: sendStart = event.time
            case StageRules.gatewaySendEnd: if let start = sendStart { sends = [TimeRange(start, event.time)] }
            default: break
            }
        }
    }

    /// Input, infer and output of a compute span: they fill it, and a missing border lets two neighbours merge.
    var computeStages: [(Stage, TimeRange)] {
        let whole = TimeRange(computeStart ?? bounds.start, computeEnd ?? bounds.end).clamped(to: bounds)
        let inputEnd = computeInputEnd.map { min(max($0, whole.start), whole.end) } ?? whole.start
        let outputStart = computeOutputStart.map { min(max($0, inputEnd), whole.end) } ?? whole.end
        return [
            (.input, TimeRange(whole.start, inputEnd)),
            (.infer, TimeRange(inputEnd, outputStart)),
            (.output, TimeRange(outputStart, whole.end)),
        ]
    }

    /// The wait of a model span: from its queue start to its compute, or to its end when it failed before.
    func queueStage(firstCompute: UInt64?, hasChildren: Bool) -> TimeRange? {
        guard let queueStart else { return nil }
        if let firstCompute { return TimeRange(queueStart, firstCompute).clamped(to: bounds) }
        // Without a compute of its own an ensemble did not wait, and neither did an answer from a response cache.
        guard hasFailed, !hasChildren else { return nil }
        return TimeRange(queueStart, requestEnd ?? bounds.end).clamped(to: bounds)
    }

    /// Queue, prefill and decode from a language model's attributes, set one after the other with their exact lengths: the first token
    /// lies between prefill and decode. Lengths that do not fit the span are cut at its start.
    var languageModelStages: [(Stage, TimeRange)] {
        guard let facts = languageModel else { return [] }
        let decode = min(facts.decodeTime ?? 0, bounds.length)
        guard facts.queueTime != nil || facts.prefillTime != nil || facts.decodeTime != nil else {
            guard let first = facts.timeToFirstToken, first <= bounds.length else { return [] }
            let border = bounds.start + first
            return [(.prefill, TimeRange(bounds.start, border)), (.decode, TimeRange(border, bounds.end))]
        }
        let latest = bounds.end - decode
        let before = (facts.queueTime ?? 0).addingReportingOverflow(facts.prefillTime ?? 0)
        let lead = before.overflow ? .max : before.partialValue
        let first = facts.timeToFirstToken ?? lead
        let border = first < bounds.length ? min(bounds.start + first, latest) : latest
        let prefillStart = border - min(facts.prefillTime ?? 0, border - bounds.start)
        let queueStart = prefillStart - min(facts.queueTime ?? 0, prefillStart - bounds.start)
        return [
            (.queue, TimeRange(queueStart, prefillStart)),
            (.prefill, TimeRange(prefillStart, border)),
            (.decode, TimeRange(border, border + decode)),
        ]
    }
}
