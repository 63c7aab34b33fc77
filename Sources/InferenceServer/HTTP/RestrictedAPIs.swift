/// Parts of the protocol that need a header with a secret: Triton's `--http-restricted-api` and `--grpc-restricted-protocol`.
public struct RestrictedAPIs: Hashable, Sendable {
    /// A part of the protocol, under Triton's name.
    public enum Category: String, Hashable, Sendable, CaseIterable {
        case health
        case metadata
        case inference
        case sharedMemory = "shared-memory"
        case modelConfig = "model-config"
        case modelRepository = "model-repository"
        case statistics
        case trace
        case logging
    }

    /// The header that opens a category.
    package struct Key: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    package private(set) var keys: [Category: Key] = [:]

    /// Nothing is restricted.
    public init() {}

    /// Reads words as the flags have them: `shared-memory,logging:admin-key=secret`.
    ///
    /// - Parameters:
    ///   - flag: names the setting in messages.
    ///   - headerPrefix: what the names of the headers begin with.
    /// - Throws: ``FrontEndSettingError`` for another form, an unknown category, or one that comes twice.
    public init(_ words: [String], flag: String = "http-restricted-api", headerPrefix: String = "") throws {
        for word in words {
            guard let colon = word.firstIndex(of: ":"), let equals = word[colon...].firstIndex(of: "=") else {
                throw FrontEndSettingError("--\(flag) option format is '<api>,…:<header>=<value>'. Got \(word)")
            }
            let name = word[word.index(after: colon)..<equals]
            let value = word[word.index(after: equals)...]
            guard !name.isEmpty, !value.isEmpty else {
                throw FrontEndSettingError("--\(flag) option format is '<api>,…:<header>=<value>'. Got \(word)")
            }
            for text in word[..<colon].split(separator: ",", omittingEmptySubsequences: false) {
                guard let category = Category(rawValue: String(text)) else {
                    let known = Category.allCases.map(\.rawValue).joined(separator: ", ")
                    throw FrontEndSettingError("--\(flag): unknown restricted api '\(text)'; there are \(known)")
                }
                guard keys.updateValue(Key(name: headerPrefix + name, value: String(value)), forKey: category) == nil else {
                    throw FrontEndSettingError("--\(flag): restricted api '\(text)' can not be specified in multiple config groups")
                }
            }
        }
    }

    /// Whether texts are equal, in a time that tells nothing about where they differ.
    package static func isEqual(_ given: String, _ expected: String) -> Bool {
        let (given, expected) = (Array(given.utf8), Array(expected.utf8))
        var difference = given.count ^ expected.count
        for index in given.indices { difference |= Int(given[index] ^ expected[index % max(1, expected.count)]) }
        return difference == 0
    }
}

extension InferenceRoute {
    /// The part of the protocol that the route belongs to.
    var category: RestrictedAPIs.Category {
        switch target {
        case .live, .ready, .model(_, _, .ready): .health
        case .serverMetadata, .model(_, _, .metadata): .metadata
        case .model(_, _, .infer), .model(_, _, .generate), .model(_, _, .generateStream): .inference
        case .model(_, _, .config): .modelConfig
        case .allStatistics, .model(_, _, .statistics): .statistics
        case .repository: .modelRepository
        case .sharedMemory: .sharedMemory
        case .logging: .logging
        case .traceSetting: .trace
        }
    }
}
