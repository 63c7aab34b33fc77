public import TraceModel

/// What a span tells of one request to a language model, under whatever names (vLLM, OpenTelemetry GenAI, OpenInference).
public struct LLMFacts: Hashable, Sendable {
    /// Row in the `TraceTree`; 0 for facts of a single span.
    public var row = 0
    /// `chat`, `text_completion`, `LLM` …
    public var operation: String?
    /// The model that answered, else the one that was asked for.
    public var model: String?
    public var provider: String?
    public var requestID: String?
    public var inputTokens: Int64?
    public var outputTokens: Int64?
    public var cachedTokens: Int64?
    public var reasoningTokens: Int64?
    public var maximumTokens: Int64?
    /// Nanoseconds from the start of the request.
    public var timeToFirstToken: UInt64?
    /// Nanoseconds.
    public var queueTime: UInt64?
    /// Nanoseconds.
    public var prefillTime: UInt64?
    /// Nanoseconds.
    public var decodeTime: UInt64?
    /// Nanoseconds.
    public var endToEnd: UInt64?
    /// `stop`, `length` …, several with a blank between.
    public var finishReason: String?
    public var isStream: Bool?

    /// - Returns: `nil` for a span that tells nothing of a language model.
    public init?(_ span: Span) {
        var values: [LLMAttribute: (rank: Int, value: AttributeValue)] = [:]
        for attribute in span.attributes where LLMAttribute.mayName(attribute.key) {
            guard let (fact, rank) = LLMAttribute.byName[attribute.key] else { continue }
            if let known = values[fact], known.rank <= rank { continue }
            values[fact] = (rank, attribute.value)
        }
        if case .string(let kind)? = values[.operation]?.value, values[.operation]?.rank == 1 {
            // OpenInference marks chains and tools with the same key: those are no requests to a model.
            guard kind == "LLM" || kind == "EMBEDDING" else { return nil }
        }
        guard !values.isEmpty || span.name == StageRules.languageModelRequest else { return nil }
        func text(_ fact: LLMAttribute) -> String? {
            switch values[fact]?.value {
            case .string(let text)? where !text.isEmpty: text
            case .array(let list)?:
                list.compactMap { if case .string(let text) = $0 { text } else { nil } }.joined(separator: " ")
            default: nil
            }
        }
        func count(_ fact: LLMAttribute) -> Int64? { values[fact]?.value.number.flatMap { Int64(exactly: $0.rounded()) } }
        func time(_ fact: LLMAttribute) -> UInt64? {
            values[fact]?.value.number.flatMap { $0 >= 0 ? UInt64(exactly: ($0 * 1e9).rounded()) : nil }
        }
        operation = text(.operation)
        model = text(.responseModel) ?? text(.requestModel)
        provider = text(.provider)
        requestID = text(.requestID)
        inputTokens = count(.inputTokens)
        outputTokens = count(.outputTokens)
        cachedTokens = count(.cachedTokens)
        reasoningTokens = count(.reasoningTokens)
        maximumTokens = count(.maximumTokens)
        timeToFirstToken = time(.timeToFirstToken)
        queueTime = time(.queueTime)
        prefillTime = time(.prefillTime)
        decodeTime = time(.decodeTime)
        endToEnd = time(.endToEnd)
        finishReason = text(.finishReasons)
        if case .bool(let flag)? = values[.isStream]?.value { isStream = flag }
        if timeToFirstToken == nil,
            let first = span.events.first(where: { LLMAttribute.firstTokenEvents.contains($0.name) }), first.time >= span.startTime
        {
            timeToFirstToken = first.time - span.startTime
        }
    }

    /// Tokens of one answer whose gaps are looked at.
    static let maximumTokenEvents = 1_024
    /// Tokens of one answer whose times are told.
    public static let maximumTokenTimes = 20_000

    /// When the tokens, or pieces, of the answer came, as far as the span's events tell; nanoseconds since the Unix epoch, in order.
    public static func tokenTimes(_ span: Span, most: Int = maximumTokenTimes) -> [UInt64] {
        guard span.events.count > 1 else { return [] }
        return span.events.lazy.filter { LLMAttribute.tokenEvents.contains($0.name) }.map(\.time).prefix(most).sorted()
    }

    /// Nanoseconds from each token to the next, where events tell when they came.
    static func gapsBetweenTokens(_ span: Span) -> [Float] {
        let times = tokenTimes(span, most: maximumTokenEvents)
        return zip(times.dropFirst(), times).map { Float($0 - $1) }
    }

    /// Mean nanoseconds from one token to the next, after the first; `nil` when it is not told.
    public var interTokenTime: Double? {
        guard let outputTokens, outputTokens > 1 else { return nil }
        if let decodeTime { return Double(decodeTime) / Double(outputTokens - 1) }
        guard let endToEnd, let timeToFirstToken, endToEnd >= timeToFirstToken else { return nil }
        return Double(endToEnd - timeToFirstToken) / Double(outputTokens - 1)
    }
}

extension AttributeValue {
    /// A number, also one that came as text.
    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value.isFinite ? value : nil
        case .string(let text): text.utf8.count <= 40 ? Double(text).flatMap { $0.isFinite ? $0 : nil } : nil
        default: nil
        }
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
}
