/// What a path of the inference protocol stands for: KServe v2 "HTTP/REST", with Triton's extensions.
///
/// Paths match exactly: a trailing `/` or a version that is no number is no route.
struct InferenceRoute: Hashable, Sendable {
    /// What is asked of a model.
    enum ModelAction: Hashable, Sendable {
        case metadata, ready, config, statistics, infer, generate
    }

    enum Target: Hashable, Sendable {
        case serverMetadata
        case live
        case ready
        case allStatistics
        case model(name: String, version: Int?, action: ModelAction)
    }

    var target: Target

    /// Reads a request's path; a query is cut off.
    ///
    /// - Returns: `nil` when there is no such path.
    init?(path: some StringProtocol) {
        let end = path.utf8.firstIndex(of: UInt8(ascii: "?")) ?? path.endIndex
        let parts = path[..<end].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].isEmpty, parts[1] == "v2" else { return nil }
        switch parts.count {
        case 2: target = .serverMetadata
        case 4 where parts[2] == "health" && parts[3] == "live": target = .live
        case 4 where parts[2] == "health" && parts[3] == "ready": target = .ready
        case 4 where parts[2] == "models" && parts[3] == "stats": target = .allStatistics
        case 4... where parts[2] == "models" && !parts[3].isEmpty:
            guard let model = Self.modelTarget(name: String(parts[3]), rest: parts[4...]) else { return nil }
            target = model
        default: return nil
        }
    }

    private static func modelTarget<Part: StringProtocol>(name: String, rest: ArraySlice<Part>) -> Target? {
        var rest = rest
        var version: Int?
        if rest.first == "versions" {
            rest.removeFirst()
            guard let text = rest.popFirst(), let number = Int(text), number > 0, text.utf8.first != UInt8(ascii: "+") else { return nil }
            version = number
        }
        guard let word = rest.popFirst() else { return .model(name: name, version: version, action: .metadata) }
        guard rest.isEmpty else { return nil }
        let action: ModelAction
        switch word {
        case "ready": action = .ready
        case "config": action = .config
        case "stats": action = .statistics
        case "infer": action = .infer
        case "generate": action = .generate
        default: return nil
        }
        return .model(name: name, version: version, action: action)
    }

    /// The only method that the route takes.
    var method: String {
        switch target {
        case .model(_, _, .infer), .model(_, _, .generate): "POST"
        default: "GET"
        }
    }
}
