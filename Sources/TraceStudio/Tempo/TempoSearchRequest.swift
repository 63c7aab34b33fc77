internal import TraceModel
internal import TraceQuery

/// The parameters of `/api/search`.
struct TempoSearchRequest {
    static let defaultLimit = 20
    static let maximumLimit = 262_144
    static let defaultSpansPerSpanSet = 3
    static let maximumSpansPerSpanSet = 100

    let query: TraceQLQuery
    let options: TraceQLSearchOptions

    init(_ items: QueryItems) throws {
        let text = items.nonEmpty("q")
        let tags = items.nonEmpty("tags")
        if text != nil, tags != nil { throw BadParameter("invalid request: can't specify tags and q in the same query") }
        let minimum = try TempoParameters.duration(items, "minDuration")
        let maximum = try TempoParameters.duration(items, "maxDuration")
        if let minimum, let maximum, minimum > maximum { throw BadParameter("invalid maxDuration: must be greater than minDuration") }
        options = TraceQLSearchOptions(
            startTime: try TempoParameters.window(items),
            limit: try TempoParameters.count(items, "limit", default: Self.defaultLimit, maximum: Self.maximumLimit),
            spansPerSpanSet: try TempoParameters.count(
                items, "spss", as: "spansPerSpanSet", default: Self.defaultSpansPerSpanSet, maximum: Self.maximumSpansPerSpanSet
            )
        )
        query = try TraceQLQuery(try text ?? Self.query(tags: tags ?? "", minimum: minimum, maximum: maximum))
        if query.isMetrics {
            throw BadParameter("invalid TraceQL query: a metrics query belongs to /api/metrics/query_range, not to /api/search")
        }
    }

    // MARK: Tags

    /// A search by tags as TraceQL: each value is found anywhere in an attribute's, whatever the case of its letters.
    private static func query(tags: String, minimum: UInt64?, maximum: UInt64?) throws(BadParameter) -> String {
        var conditions: [String] = []
        for (key, value) in try logfmt(tags) { conditions.append(try condition(key, value)) }
        if let minimum { conditions.append("traceDuration >= \(minimum)ns") }
        if let maximum { conditions.append("traceDuration <= \(maximum)ns") }
        return "{ \(conditions.joined(separator: " && ")) }"
    }

    private static func condition(_ key: String, _ value: String) throws(BadParameter) -> String {
        let pattern = quoted("(?i).*" + value.flatMap { #"\.+*?()|[]{}^$"#.contains($0) ? ["\\", $0] : [$0] } + ".*")
        switch key {
        case "name": return "name =~ \(pattern)"
        case "root.name": return "rootName =~ \(pattern)"
        case "root.service.name": return "rootServiceName =~ \(pattern)"
        case "error": return value == "false" ? "status != error" : "status = error"
        case "status.code":
            guard ["error", "ok", "unset"].contains(value) else {
                throw BadParameter("invalid tags: status.code is one of error, ok and unset, received: \(value)")
            }
            return "status = \(value)"
        default:
            let attribute = TempoTagName.attribute(key)
            var alternatives = ["\(attribute) =~ \(pattern)"]
            if Double(value) != nil, value.allSatisfy({ $0.isNumber || $0 == "." || $0 == "-" }), value.first?.isNumber ?? false {
                alternatives.append("\(attribute) = \(value)")
            }
            if value == "true" || value == "false" { alternatives.append("\(attribute) = \(value)") }
            return alternatives.count == 1 ? alternatives[0] : "(\(alternatives.joined(separator: " || ")))"
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
    }

    /// `key=value key2="a value"`
    static func logfmt(_ text: String) throws(BadParameter) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        var rest = Substring(text)
        while true {
            rest = rest.drop { $0.isWhitespace }
            if rest.isEmpty { return pairs }
            let key = rest.prefix { $0 != "=" && !$0.isWhitespace && $0 != "\"" }
            guard !key.isEmpty else {
                throw BadParameter("invalid tags: unexpected '\(rest.first ?? " ")' at pos \(text.utf8.distance(from: text.startIndex, to: rest.startIndex) + 1)")
            }
            rest = rest[key.endIndex...]
            guard rest.first == "=" else {
                pairs.append((String(key), ""))
                continue
            }
            rest.removeFirst()
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                var isClosed = false
                while let character = rest.popFirst() {
                    if character == "\"" {
                        isClosed = true
                        break
                    }
                    if character == "\\", let next = rest.popFirst() { value.append(next) } else { value.append(character) }
                }
                guard isClosed else { throw BadParameter("invalid tags: unterminated quoted value at pos \(text.utf8.count + 1)") }
            } else {
                let plain = rest.prefix { !$0.isWhitespace }
                value = String(plain)
                rest = rest[plain.endIndex...]
            }
            pairs.append((String(key), value))
        }
    }
}
