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
    init?(path: String) {
        var rest = Segments(path)
        guard rest.next() == "v2" else { return nil }
        guard let area = rest.next() else {
            target = .serverMetadata
            return
        }
        guard let word = rest.next() else { return nil }
        switch area {
        case "health":
            guard rest.next() == nil else { return nil }
            switch word {
            case "live": target = .live
            case "ready": target = .ready
            default: return nil
            }
        case "models":
            guard !word.isEmpty else { return nil }
            let following = rest.next()
            if following == nil, word == "stats" {
                target = .allStatistics
            } else {
                guard let model = Self.modelTarget(name: String(word), first: following, rest: &rest) else { return nil }
                target = model
            }
        default:
            return nil
        }
    }

    private static func modelTarget(name: String, first: Substring?, rest: inout Segments) -> Target? {
        var word = first
        var version: Int?
        if word == "versions" {
            guard let text = rest.next(), let number = Int(text), number > 0, text.utf8.first != UInt8(ascii: "+") else { return nil }
            version = number
            word = rest.next()
        }
        let action: ModelAction
        switch word {
        case nil: action = .metadata
        case "ready": action = .ready
        case "config": action = .config
        case "stats": action = .statistics
        case "infer": action = .infer
        case "generate": action = .generate
        default: return nil
        }
        guard word == nil || rest.next() == nil else { return nil }
        return .model(name: name, version: version, action: action)
    }

    /// The parts of a path between its slashes, without an array of them.
    private struct Segments {
        private let path: String
        private var position: String.Index
        private let end: String.Index

        init(_ path: String) {
            self.path = path
            position = path.startIndex
            end = path.utf8.firstIndex(of: UInt8(ascii: "?")) ?? path.endIndex
        }

        /// The next part; `nil` at the end of the path. A trailing slash gives an empty part.
        mutating func next() -> Substring? {
            guard position < end, path.utf8[position] == UInt8(ascii: "/") else { return nil }
            let start = path.utf8.index(after: position)
            position = path.utf8[start..<end].firstIndex(of: UInt8(ascii: "/")) ?? end
            return path[start..<position]
        }
    }

    /// The only method that the route takes.
    var method: String {
        switch target {
        case .model(_, _, .infer), .model(_, _, .generate): "POST"
        default: "GET"
        }
    }
}
