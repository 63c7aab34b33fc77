internal import TraceModel

/// The one table of names under which facts of language models come: vLLM, OpenTelemetry's GenAI conventions, OpenInference.
enum LLMAttribute: CaseIterable {
    case operation, provider, requestModel, responseModel, requestID
    case inputTokens, outputTokens, cachedTokens, reasoningTokens
    case timeToFirstToken, queueTime, prefillTime, decodeTime, inferenceTime, endToEnd
    case finishReasons, maximumTokens, temperature, topP, choices, isStream

    /// The best name first; the first one that is there counts.
    var names: [String] {
        switch self {
        case .operation: ["gen_ai.operation.name", "openinference.span.kind"]
        case .provider: ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"]
        case .requestModel: ["gen_ai.request.model", "llm.request.model_name", "embedding.model_name", "llm.request.model"]
        case .responseModel: ["gen_ai.response.model", "llm.response.model_name", "llm.model_name"]
        case .requestID: ["gen_ai.request.id", "gen_ai.response.id"]
        case .inputTokens: ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens"]
        case .outputTokens:
            ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion", "llm.usage.completion_tokens"]
        case .cachedTokens: ["gen_ai.usage.cache_read.input_tokens", "llm.token_count.prompt_details.cache_read"]
        case .reasoningTokens: ["gen_ai.usage.reasoning.output_tokens", "llm.token_count.completion_details.reasoning"]
        case .timeToFirstToken: ["gen_ai.latency.time_to_first_token", "gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"]
        case .queueTime: ["gen_ai.latency.time_in_queue"]
        case .prefillTime: ["gen_ai.latency.time_in_model_prefill"]
        case .decodeTime: ["gen_ai.latency.time_in_model_decode"]
        case .inferenceTime: ["gen_ai.latency.time_in_model_inference"]
        case .endToEnd: ["gen_ai.latency.e2e"]
        case .finishReasons: ["gen_ai.response.finish_reasons", "llm.finish_reason", "gen_ai.response.finish_reason"]
        case .maximumTokens: ["gen_ai.request.max_tokens", "llm.request.max_tokens"]
        case .temperature: ["gen_ai.request.temperature", "llm.request.temperature"]
        case .topP: ["gen_ai.request.top_p"]
        case .choices: ["gen_ai.request.choice.count", "gen_ai.request.n"]
        case .isStream: ["gen_ai.request.stream", "llm.is_streaming"]
        }
    }

    /// Events at the first token.
    static let firstTokenEvents: Set = ["gen_ai.first_token", "first_token", "First Token Stream Event", "llm.first_token"]

    /// Events at each token, or piece, of an answer.
    static let tokenEvents: Set = [
        "llm.content.completion.chunk", "gen_ai.content.completion.chunk", "gen_ai.completion.chunk", "gen_ai.token", "gen_ai.stream.chunk", "llm.token", "token",
    ]

    /// For each name, what it tells and how good it is: 0 is the best.
    static let byName: [String: (fact: LLMAttribute, rank: Int)] = {
        var table: [String: (fact: LLMAttribute, rank: Int)] = [:]
        for fact in allCases { for (rank, name) in fact.names.enumerated() { table[name] = (fact, rank) } }
        return table
    }()

    /// Whether a key can be in the table, by its first letter: most keys are not looked up.
    static func mayName(_ key: String) -> Bool {
        switch key.utf8.first {
        case UInt8(ascii: "g"): key.hasPrefix("gen_ai.")
        case UInt8(ascii: "l"): key.hasPrefix("llm.")
        case UInt8(ascii: "o"): key.hasPrefix("openinference.")
        case UInt8(ascii: "e"): key.hasPrefix("embedding.")
        default: false
        }
    }
}
