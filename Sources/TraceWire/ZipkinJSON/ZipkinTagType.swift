internal import JSONCoding
internal import TraceModel

/// Gives tags, which are all strings, the types of OpenTelemetry's semantic conventions.
///
/// Only keys of which the convention is known are changed, and only when the text is written as that type would be: an order
/// number stays the text that it was.
enum ZipkinTagType {
    private enum Kind { case int, double, bool, strings }

    static func typed(_ tag: Attribute, _ budget: inout ElementBudget) throws(WireError) -> Attribute {
        guard case .string(let text) = tag.value, let kind = kinds[tag.key] else { return tag }
        switch kind {
        case .int:
            if let number = Int64(text), String(number) == text { return Attribute(key: tag.key, value: .int(number)) }
        case .double:
            if let number = Double(text), number.isFinite, text.utf8.allSatisfy(isNumberByte) {
                return Attribute(key: tag.key, value: .double(number))
            }
        case .bool:
            switch text.lowercased() {
            case "true": return Attribute(key: tag.key, value: true)
            case "false": return Attribute(key: tag.key, value: false)
            default: break
            }
        case .strings:
            guard text.utf8.first == UInt8(ascii: "[") else { break }
            var left = budget
            let list = try PlainJSON.parse(text.utf8) { try PlainJSON.read(&$0, &left) }
            budget = left
            if let list { return Attribute(key: tag.key, value: list) }
        }
        return tag
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }

    private static let kinds: [String: Kind] = {
        var kinds: [String: Kind] = [:]
        for key in integers { kinds[key] = .int }
        for key in doubles { kinds[key] = .double }
        for key in booleans { kinds[key] = .bool }
        for key in lists { kinds[key] = .strings }
        return kinds
    }()

    private static let integers = [
        "http.status_code", "http.response.status_code", "http.request.body.size", "http.response.body.size", "http.request.size",
        "http.response.size", "http.request_content_length", "http.response_content_length", "http.request.resend_count", "http.resend_count",
        "server.port", "client.port", "network.peer.port", "network.local.port", "net.peer.port", "net.host.port", "net.sock.peer.port",
        "net.sock.host.port", "server.socket.port", "url.port", "source.port", "destination.port", "peer.port",
        "rpc.grpc.status_code", "rpc.jsonrpc.error_code", "rpc.message.id", "message.id", "thread.id", "code.lineno", "code.line.number",
        "process.pid", "process.parent_pid", "faas.max_memory", "k8s.container.restart_count", "db.response.returned_rows",
        "db.operation.batch.size", "db.redis.database_index", "messaging.batch.message_count", "messaging.message.body.size",
        "messaging.message.envelope.size", "messaging.kafka.message.offset", "messaging.kafka.offset", "messaging.message_payload_size_bytes",
        "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens",
        "gen_ai.request.max_tokens", "gen_ai.request.n", "gen_ai.request.seed", "gen_ai.request.choice.count", "gen_ai.usage.num_sequences",
    ]

    private static let doubles = [
        "gen_ai.request.temperature", "gen_ai.request.top_p", "gen_ai.request.top_k", "gen_ai.request.frequency_penalty",
        "gen_ai.request.presence_penalty", "gen_ai.latency.e2e", "gen_ai.latency.time_in_queue", "gen_ai.latency.time_to_first_token",
        "gen_ai.latency.time_in_scheduler", "gen_ai.latency.time_in_model_forward", "gen_ai.latency.time_in_model_execute",
        "gen_ai.latency.time_in_model_prefill", "gen_ai.latency.time_in_model_decode", "gen_ai.latency.time_in_model_inference",
    ]

    private static let booleans = [ZipkinTag.error, "exception.escaped", "faas.coldstart", "messaging.destination.temporary", ZipkinTag.startTimeAbsent, ZipkinTag.debug, ZipkinTag.shared]

    private static let lists = [
        "process.command_args", "container.command_args", "container.image.tags", "container.image.repo_digests", "host.ip", "host.mac", "browser.brands",
        "aws.log.group.names", "aws.log.group.arns", "aws.log.stream.names", "aws.log.stream.arns", "gen_ai.response.finish_reasons",
        "gen_ai.request.stop_sequences",
    ]
}
