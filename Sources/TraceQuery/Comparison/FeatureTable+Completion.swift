internal import TraceModel

/// What can be typed in a filter about these traces, and what was mistyped.
extension FeatureTable {
    /// A term that no trace can have for a reason that shows in its spelling.
    public struct Misspelling: Hashable, Sendable {
        public var message: String
        /// Characters of the filter from 1, and how many.
        public var column: Int
        public var length: Int
        /// The whole term as it may have been meant.
        public var suggestion: String?
        public var term: String
    }

    /// Fields of the filter, in the order in which they are offered.
    public static let filterFields = [
        "service", "operation", "model", "version", "server", "host", "status", "duration", "queue", "infer", "prefill", "decode", "ttft", "itl",
        "batch", "wait", "tokens.in", "tokens.out", "spans", "errors", "cold", "cache", "trace",
    ]

    // MARK: Counts

    /// For each attribute's name, the weighted traces that have it on any kind of span.
    public func weightedCounts(ofKeys names: [String]) -> [Double] {
        var places: [String: Int] = [:]
        for (place, name) in names.enumerated() { places[name] = place }
        // `client.app` is meant by `root.client.app` as well as by `POST.client.app`.
        let placeOfKey = strings.keys.map { key -> Int? in
            if let place = places[key] { return place }
            var rest = key[...]
            while let dot = rest.firstIndex(of: ".") {
                rest = rest[rest.index(after: dot)...]
                if let place = places[String(rest)] { return place }
            }
            return nil
        }
        var counts = [Double](repeating: 0, count: names.count)
        var lastTrace = [Int](repeating: -1, count: names.count)
        for index in 0..<count {
            func add(_ key: UInt32) {
                guard let place = placeOfKey[Int(key)], lastTrace[place] != index else { return }
                lastTrace[place] = index
                counts[place] += weight(index)
            }
            for pair in pairRange(index) { add(pairNames[pairs[pair]].key) }
            for number in numberRange(index) { add(numberKeys[number]) }
        }
        return counts
    }

    /// Weighted traces about which a field tells anything.
    public func weightedCount(ofField field: String) -> Double {
        let isKnown: (Int) -> Bool =
            switch field {
            case "model": { !model($0).isEmpty }
            case "version": { !version($0).isEmpty }
            case "host": { !host($0).isEmpty }
            case "ttft", "prefill", "decode": { timeToFirstToken($0) != nil }
            case "itl": { interTokenTime($0) != nil }
            case "batch": { batchRequests[$0] > 0 }
            case "tokens.in": { inputTokenCount($0) != nil }
            case "tokens.out": { outputTokenCount($0) != nil }
            case "queue", "infer": { !model($0).isEmpty }
            default: { _ in true }
            }
        return (0..<count).reduce(0) { isKnown($1) ? $0 + weight($1) : $0 }
    }

    /// The values of a field or an attribute, the most frequent one first, with the weighted traces that have each.
    public func weightedValues(of key: String, where isIncluded: (Int) -> Bool) -> [(value: String, count: Double)] {
        var counts: [String: Double] = [:]
        switch key {
        case "service", "operation", "name":
            // Whatever has a span of it: that is what the filter looks for.
            for index in 0..<count where isIncluded(index) {
                var seen: Set<UInt32> = []
                for place in operationRange(index) {
                    let operation = operationNames[operations[place]]
                    let text = key == "service" ? operation.service : operation.name
                    if seen.insert(text).inserted { counts[strings[text], default: 0] += weight(index) }
                }
            }
        case "root", "rootService", "model", "version", "server", "host", "status", "cold", "cache":
            for index in 0..<count where isIncluded(index) { counts[fact(key, index), default: 0] += weight(index) }
        default:
            let isMeant = keys(meantBy: key)
            for index in 0..<count where isIncluded(index) {
                var seen: Set<String> = []
                for place in pairRange(index) {
                    let pair = pairNames[pairs[place]]
                    if isMeant[Int(pair.key)], seen.insert(strings[pair.value]).inserted { counts[strings[pair.value], default: 0] += weight(index) }
                }
                for place in numberRange(index) where isMeant[Int(numberKeys[place])] {
                    let text = Self.text(numbers[place])
                    if seen.insert(text).inserted { counts[text, default: 0] += weight(index) }
                }
            }
        }
        counts[""] = nil
        return counts.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    private func fact(_ key: String, _ index: Int) -> String {
        switch key {
        case "root": rootName(index)
        case "rootService": rootService(index)
        case "model": model(index)
        case "version": version(index)
        case "server": service(index)
        case "host": host(index)
        case "status": errorCounts[index] > 0 ? "error" : "ok"
        case "cold": isCold[index] ? "true" : "false"
        default: isCacheHit(index) ? "hit" : "miss"
        }
    }

    private static func text(_ number: Double) -> String {
        number == number.rounded() && number.magnitude < 0x1p53 ? "\(Int64(number))" : "\(number)"
    }

    /// For each text whether it is a key that the name means.
    private func keys(meantBy name: String) -> [Bool] {
        let suffix = "." + name
        return strings.keys.map { $0 == name || $0.utf8.count > name.utf8.count && $0.hasSuffix(suffix) }
    }

    // MARK: Spelling

    /// Terms with a name that nothing here has, or a value that none of its traces has though another is nearly the same.
    public func misspellings(_ filter: TraceFilter) -> [Misspelling] {
        filter.terms.compactMap { term in
            if term.field.isEmpty || count == 0 { return nil }
            return isKnown(term.field) ? misspeltValue(term) : misspeltName(term)
        }
    }

    private func isKnown(_ name: String) -> Bool {
        TraceFilter.textFields.contains(name) || TraceFilter.timeFields.contains(name) || TraceFilter.numberFields.contains(name)
            || attributeKeys.contains { $0 == name || $0.hasSuffix("." + name) }
    }

    private func misspeltName(_ term: TraceFilter.Term) -> Misspelling {
        // An attribute's name is one without the kind of span, but with it can be written, too.
        var names = Set(Self.filterFields)
        for key in attributeKeys {
            names.insert(key)
            if let dot = key.firstIndex(of: ".") { names.insert(String(key[key.index(after: dot)...])) }
        }
        return Misspelling(
            message: "no trace of this time has \"\(term.field)\", and it is no field of the filter", column: term.column + (term.isNegated ? 1 : 0),
            length: term.field.count, suggestion: Spelling.closest(to: term.field, among: names).map { term.with(field: $0) }, term: term.text
        )
    }

    private func misspeltValue(_ term: TraceFilter.Term) -> Misspelling? {
        let isText = term.comparison == .matches || term.comparison == .equal
        guard isText, !term.value.contains("*"), !["trace", "status", "cold", "cache"].contains(term.field),
            !TraceFilter.timeFields.contains(term.field), !TraceFilter.numberFields.contains(term.field)
        else { return nil }
        let values = weightedValues(of: term.field) { _ in true }.map(\.value)
        if values.contains(term.value) { return nil }
        var meant = Spelling.closest(to: term.value, among: values)
        // The beginning of a value, or a part of it, without the stars.
        if meant == nil, values.contains(where: { $0.hasPrefix(term.value) }) { meant = term.value + "*" }
        if meant == nil, term.value.count > 2, values.contains(where: { $0.contains(term.value) }) { meant = "*" + term.value + "*" }
        guard let meant else { return nil }
        let start = term.column + (term.isNegated ? 1 : 0) + term.field.count + term.comparison.rawValue.count
        return Misspelling(
            message: "no trace of this time has the \(term.field) \"\(term.value)\"", column: start, length: max(1, term.column + term.text.count - start),
            suggestion: term.with(value: meant), term: term.text
        )
    }
}
