internal import NeedletailTracing
internal import TraceModel

/// `include` and `exclude` of the processors attributes and resource.
struct SpanMatcher: Sendable {
    private enum Text: Sendable {
        case exact(Set<String>)
        case regexes([CachedRegex])

        func matches(_ text: String) -> Bool {
            switch self {
            case .exact(let texts): texts.contains(text)
            case .regexes(let regexes): regexes.contains { $0.isFound(in: text) }
            }
        }
    }

    private struct AttributeMatch: Sendable {
        var key: String
        /// Neither: the key alone decides.
        var value: AttributeValue?
        var regex: CachedRegex?

        func matches(_ attributes: [Attribute]) -> Bool {
            guard let found = attributes[key] else { return false }
            if let regex { return regex.isFound(in: found.text ?? "") }
            return value.map { ConditionExpression.holds(.equal, found, $0) } ?? true
        }
    }

    private struct Library: Sendable {
        var name: Text
        var version: Text?
    }

    private var services: Text?
    private var names: Text?
    private var kinds: Set<SpanKind>?
    private var attributes: [AttributeMatch] = []
    private var resources: [AttributeMatch] = []
    private var libraries: [Library] = []

    private static let keys = ["match_type", "services", "span_names", "span_kinds", "attributes", "resources", "libraries", "regexp"]

    /// `nil`, with a mistake, for what cannot be used.
    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(Self.keys) else { return nil }
        guard let type = mapping["match_type"] else {
            reader.missing("match_type", expected: "strict or regexp")
            return nil
        }
        guard let isRegex = type.choice(["strict": false, "regexp": true]) else { return nil }
        services = mapping["services"].map { Self.text($0, isRegex) }
        names = mapping["span_names"].map { Self.text($0, isRegex) }
        if let reader = mapping["span_kinds"] {
            kinds = Set(reader.strings("kinds").compactMap { text in
                let kind = SpanKindName.kind(text)
                if kind == nil { reader.mistake("\"\(text.prefix(60))\" is no kind", expected: "one of " + SpanKind.allCases.map { "SPAN_KIND_" + SpanKindName.title($0).uppercased() }.joined(separator: ", ")) }
                return kind
            })
        }
        attributes = Self.attributes(mapping["attributes"], isRegex)
        resources = Self.attributes(mapping["resources"], isRegex)
        libraries = (mapping["libraries"]?.list() ?? []).compactMap { element in
            guard let library = element.mapping(["name", "version"]), let name = library["name"] else {
                element.missing("name", expected: "name and perhaps version")
                return nil
            }
            return Library(name: Self.single(name, isRegex), version: library["version"].map { Self.single($0, isRegex) })
        }
        if services == nil, names == nil, kinds == nil, attributes.isEmpty, resources.isEmpty, libraries.isEmpty {
            reader.mistake("matches nothing in particular", expected: "at least one of services, span_names, span_kinds, attributes, resources, libraries")
        }
    }

    private static func text(_ reader: YAMLReader, _ isRegex: Bool) -> Text {
        isRegex ? .regexes((reader.list() ?? []).compactMap { $0.regex() }) : .exact(Set(reader.strings("texts")))
    }

    private static func single(_ reader: YAMLReader, _ isRegex: Bool) -> Text {
        isRegex ? .regexes(reader.regex().map { [$0] } ?? []) : .exact(Set(reader.string(takesAny: true).map { [$0] } ?? []))
    }

    private static func attributes(_ reader: YAMLReader?, _ isRegex: Bool) -> [AttributeMatch] {
        (reader?.list() ?? []).compactMap { element in
            guard let mapping = element.mapping(["key", "value"]) else { return nil }
            guard let key = mapping["key"]?.string(takesAny: true) else {
                element.missing("key", expected: "key and perhaps value")
                return nil
            }
            guard let value = mapping["value"], !value.isNull else { return AttributeMatch(key: key) }
            return isRegex ? AttributeMatch(key: key, regex: value.regex()) : AttributeMatch(key: key, value: value.attributeValue())
        }
    }

    func matches(_ span: Span, resource: Resource, scope: InstrumentationScope) -> Bool {
        if let services, !services.matches(resource.serviceName) { return false }
        if let names, !names.matches(span.name) { return false }
        if let kinds, !kinds.contains(span.kind) { return false }
        if !libraries.isEmpty, !libraries.contains(where: { $0.name.matches(scope.name) && $0.version?.matches(scope.version) ?? true }) { return false }
        return attributes.allSatisfy { $0.matches(span.attributes) } && resources.allSatisfy { $0.matches(resource.attributes) }
    }
}
