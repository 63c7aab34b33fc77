internal import TraceModel

/// `resource` of a declarative configuration file.
struct DeclarativeResource {
    private(set) var attributes: [Attribute] = []
    private(set) var schemaURL = ""

    /// - Parameter environment: for the `service` detector, which is to take the name from `OTEL_SERVICE_NAME`.
    init(_ reader: YAMLReader?, environment: [String: String]) {
        let keys = ["attributes", "attributes_list", "schema_url", "detection/development"]
        guard let mapping = reader?.mapping(keys) else { return }
        var resource = Resource()
        if let detection = mapping["detection/development"] { resource.merge(Self.detected(detection, environment: environment)) }
        if let list = mapping["attributes_list"], let text = list.string() {
            do throws(PercentEncodedList.Mistake) {
                resource.merge(try PercentEncodedList.parse(text).map { Attribute(key: $0.key, value: .string($0.value)) })
            } catch {
                list.mistake("\(error)", expected: "key=value,key=value with \",\", \"=\" and \"%\" percent-encoded")
            }
        }
        for element in mapping["attributes"]?.list() ?? [] {
            if let attribute = Self.attribute(element) { resource.merge([attribute]) }
        }
        attributes = resource.attributes
        schemaURL = mapping["schema_url"]?.string() ?? ""
    }

    private enum Kind { case string, bool, int, double }

    private static func attribute(_ reader: YAMLReader) -> Attribute? {
        guard let mapping = reader.mapping(["name", "value", "type"]) else { return nil }
        guard let name = mapping["name"]?.string(), !name.isEmpty else {
            reader.mistake("has no name", expected: "name, value and perhaps type")
            return nil
        }
        let kinds: KeyValuePairs<String, (Kind, isArray: Bool)> = [
            "string": (.string, false), "bool": (.bool, false), "int": (.int, false), "double": (.double, false),
            "string_array": (.string, true), "bool_array": (.bool, true), "int_array": (.int, true), "double_array": (.double, true),
        ]
        let (kind, isArray) = mapping["type"]?.choice(kinds) ?? (.string, false)
        guard let value = mapping["value"], !value.isNull else {
            reader.mistake("has no value", expected: "name, value and perhaps type")
            return nil
        }
        guard isArray else { return scalar(value, kind).map { Attribute(key: name, value: $0) } }
        return value.list().map { Attribute(key: name, value: .array($0.compactMap { scalar($0, kind) })) }
    }

    private static func scalar(_ reader: YAMLReader, _ kind: Kind) -> AttributeValue? {
        switch kind {
        case .string: reader.string(takesAny: true).map { .string($0) }
        case .bool: reader.boolean().map { .bool($0) }
        case .int: reader.integer().map { .int(Int64($0)) }
        case .double: reader.number().map { .double($0) }
        }
    }

    // MARK: Detection

    private static func detected(_ reader: YAMLReader, environment: [String: String]) -> [Attribute] {
        guard let mapping = reader.mapping(["attributes", "detectors"]) else { return [] }
        let filter = mapping["attributes"]?.mapping(["included", "excluded"])
        func patterns(_ key: String) -> [WildcardPattern]? { filter?[key]?.list()?.compactMap { $0.string().map(WildcardPattern.init) } }
        let included = patterns("included")
        let excluded = patterns("excluded") ?? []
        var found = Resource()
        for element in mapping["detectors"]?.list() ?? [] {
            guard let (kind, value) = element.onlyEntry(["container", "host", "os", "process", "service"]) else { continue }
            _ = value.mapping([])
            found.merge(attributes(ofDetector: kind, environment: environment))
        }
        return found.attributes.filter { attribute in
            (included?.contains { $0.matches(attribute.key) } ?? true) && !excluded.contains { $0.matches(attribute.key) }
        }
    }

    private static func attributes(ofDetector kind: String, environment: [String: String]) -> [Attribute] {
        guard kind == "service" else { return ResourceDetectors.defaults.first { $0.name == kind }?.detect() ?? [] }
        let name = environment["OTEL_SERVICE_NAME"].flatMap { $0.isEmpty ? nil : $0 }
        return ServiceInstanceDetector().detect() + (name.map { [Attribute("service.name", .string($0))] } ?? [])
    }
}
