internal import TraceModel

/// What a path of the inference protocol stands for: KServe v2 "HTTP/REST", with Triton's extensions.
///
/// Paths match exactly: a trailing `/` or a version that is no number is no route.
struct InferenceRoute: Hashable, Sendable {
    /// What is asked of a model.
    enum ModelAction: Hashable, Sendable {
        case metadata, ready, config, statistics, infer, generate, generateStream
    }

    enum RepositoryAction: Hashable, Sendable {
        case index
        case load(model: String)
        case unload(model: String)
    }

    enum SharedMemoryKind: Hashable, Sendable {
        case system, cuda
    }

    enum SharedMemoryAction: Hashable, Sendable {
        case status, register, unregister
    }

    enum Target: Hashable, Sendable {
        case serverMetadata
        case live
        case ready
        case allStatistics
        case model(name: String, version: Int?, action: ModelAction)
        /// `isNamed`: the path names one of several repositories.
        case repository(RepositoryAction, isNamed: Bool)
        /// Without a region: all of them.
        case sharedMemory(SharedMemoryKind, SharedMemoryAction, region: String?)
        case logging
        /// Without a model: the settings of all.
        case traceSetting(model: String?)
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
        if area == "logging" {
            guard rest.next() == nil else { return nil }
            target = .logging
            return
        }
        guard let word = rest.next() else { return nil }
        let found: Target?
        switch area {
        case "models": found = Self.modelTarget(word, rest: &rest)
        case "health": found = Self.healthTarget(word)
        case "repository": found = Self.repositoryTarget(word, rest: &rest)
        case "systemsharedmemory": found = Self.sharedMemoryTarget(.system, word, rest: &rest)
        case "cudasharedmemory": found = Self.sharedMemoryTarget(.cuda, word, rest: &rest)
        case "trace": found = word == "setting" ? .traceSetting(model: nil) : nil
        default: found = nil
        }
        guard let found, rest.next() == nil else { return nil }
        target = found
    }

    private static func healthTarget(_ word: Substring) -> Target? {
        switch word {
        case "live": .live
        case "ready": .ready
        default: nil
        }
    }

    private static func modelTarget(_ word: Substring, rest: inout Segments) -> Target? {
        guard let name = name(word) else { return nil }
        var following = rest.next()
        if following == nil, word == "stats" { return .allStatistics }
        if following == "trace" { return rest.next() == "setting" ? .traceSetting(model: name) : nil }
        var version: Int?
        if following == "versions" {
            guard let text = rest.next(), let number = Int(text), number > 0, text.utf8.first != UInt8(ascii: "+") else { return nil }
            version = number
            following = rest.next()
        }
        let action: ModelAction
        switch following {
        case nil: action = .metadata
        case "ready": action = .ready
        case "config": action = .config
        case "stats": action = .statistics
        case "infer": action = .infer
        case "generate": action = .generate
        case "generate_stream": action = .generateStream
        default: return nil
        }
        return .model(name: name, version: version, action: action)
    }

    private static func repositoryTarget(_ word: Substring, rest: inout Segments) -> Target? {
        if word == "index" { return .repository(.index, isNamed: false) }
        var next = rest.next()
        var isNamed = false
        if word != "models" {
            guard !word.isEmpty else { return nil }
            isNamed = true
            if next == "index" { return .repository(.index, isNamed: true) }
            guard next == "models" else { return nil }
            next = rest.next()
        }
        guard let model = next.flatMap(name) else { return nil }
        switch rest.next() {
        case "load": return .repository(.load(model: model), isNamed: isNamed)
        case "unload": return .repository(.unload(model: model), isNamed: isNamed)
        default: return nil
        }
    }

    private static func sharedMemoryTarget(_ kind: SharedMemoryKind, _ word: Substring, rest: inout Segments) -> Target? {
        var region: String?
        var action: Substring? = word
        if word == "region" {
            guard let name = rest.next().flatMap(name) else { return nil }
            region = name
            action = rest.next()
        }
        switch action {
        case "status": return .sharedMemory(kind, .status, region: region)
        case "register": return .sharedMemory(kind, .register, region: region)
        case "unregister": return .sharedMemory(kind, .unregister, region: region)
        default: return nil
        }
    }

    /// A name as the client meant it; `nil` for an empty one and one with broken percent signs.
    private static func name(_ segment: Substring) -> String? {
        segment.isEmpty ? nil : segment.percentDecoded()
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

    /// The method that the route takes; the first of two, the other being POST, for settings.
    var method: String {
        if isInference { return "POST" }
        return switch target {
        case .repository, .sharedMemory(_, .register, _), .sharedMemory(_, .unregister, _): "POST"
        default: "GET"
        }
    }

    /// A model is to compute something.
    var isInference: Bool {
        switch target {
        case .model(_, _, .infer), .model(_, _, .generate), .model(_, _, .generateStream): true
        default: false
        }
    }

    /// Settings are read with GET and changed with POST.
    var isSetting: Bool {
        switch target {
        case .logging, .traceSetting: true
        default: false
        }
    }

    /// What an answer to a wrong method says.
    var allowedMethods: String { isSetting ? "GET, POST" : method }
}
