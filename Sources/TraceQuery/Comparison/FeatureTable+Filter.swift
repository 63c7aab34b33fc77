internal import TraceModel

extension FeatureTable {
    /// For each trace whether the filter lets it through.
    public func select(_ filter: TraceFilter) -> [Bool] {
        var result = [Bool](repeating: true, count: count)
        for term in filter.terms {
            let test = test(term)
            for index in 0..<count where result[index] { result[index] = test(index) != term.isNegated }
        }
        return result
    }

    private func test(_ term: TraceFilter.Term) -> (Int) -> Bool {
        if term.field.isEmpty { return freeText(term.value) }
        if let stage = Stage(rawValue: term.field) { return number(term) { Double(time(stage, $0)) } }
        switch term.field {
        // Of the root, of the model, or of any span: a trace is looked for by each.
        case "service":
            let isLike = likeness(term)
            let isMeant = { (index: Int) in
                isLike(rootServices[index]) || isLike(services[index]) || operationRange(index).contains { isLike(operationNames[operations[$0]].service) }
            }
            return term.comparison == .notEqual ? { !isMeant($0) } : isMeant
        // Of any span; of the root alone with `root:`.
        case "operation", "name":
            let isLike = likeness(term)
            let isMeant = { (index: Int) in isLike(rootNames[index]) || operationRange(index).contains { isLike(operationNames[operations[$0]].name) } }
            return term.comparison == .notEqual ? { !isMeant($0) } : isMeant
        case "root": return text(term) { rootNames[$0] }
        case "model": return text(term) { models[$0] }
        case "version": return text(term) { versions[$0] }
        case "server": return text(term) { services[$0] }
        case "host": return text(term) { hosts[$0] }
        case "status": return { (errorCounts[$0] > 0) == (term.value == "error") }
        case "error.group":
            let group = text(term) { UInt32($0) }
            return { index in errorGroupRange(index).contains { group(Int(errorGroups[$0])) } }
        case "trace": return { TraceFilter.isLike("\(traceIDs[$0])", term.value) }
        case "cold": return { isCold[$0] == (term.value != "false") }
        case "cache": return { cacheHits[$0] == (term.value != "miss" && term.value != "false") }
        case "duration": return number(term) { Double(durations[$0]) }
        case "ttft": return number(term) { timeToFirstToken($0).map { Double($0) } }
        case "itl": return number(term) { interTokenTime($0) }
        case "batch": return number(term) { batchRequests[$0] > 0 ? Double(batchRequests[$0]) : nil }
        case "tokens.in": return number(term) { inputTokenCount($0).map { Double($0) } }
        case "tokens.out": return number(term) { outputTokenCount($0).map { Double($0) } }
        case "spans": return number(term) { Double(spanCounts[$0]) }
        case "errors": return number(term) { Double(errorCounts[$0]) }
        case "wait": return number(term) { durations[$0] > 0 ? 100 * Double(time(.queue, $0)) / Double(durations[$0]) : 0 }
        default: return attribute(term)
        }
    }

    private func number(_ term: TraceFilter.Term, _ value: @escaping (Int) -> Double?) -> (Int) -> Bool {
        let wanted = term.number ?? 0
        return { index in value(index).map { Self.compare($0, term.comparison, wanted) } ?? false }
    }

    private static func compare(_ value: Double, _ comparison: TraceFilter.Comparison, _ wanted: Double) -> Bool {
        switch comparison {
        case .matches, .equal: value == wanted
        case .notEqual: value != wanted
        case .less: value < wanted
        case .lessOrEqual: value <= wanted
        case .greater: value > wanted
        case .greaterOrEqual: value >= wanted
        }
    }

    private func text(_ term: TraceFilter.Term, _ column: @escaping (Int) -> UInt32) -> (Int) -> Bool {
        let isLike = likeness(term)
        return { isLike(column($0)) != (term.comparison == .notEqual) }
    }

    /// Whether a text is as the term wants it; each is looked at once, not once for each trace.
    private func likeness(_ term: TraceFilter.Term) -> (UInt32) -> Bool {
        var known: [UInt32: Bool] = [:]
        return { number in
            if let answer = known[number] { return answer }
            let answer = TraceFilter.isLike(strings[number], term.value)
            known[number] = answer
            return answer
        }
    }

    private func freeText(_ text: String) -> (Int) -> Bool {
        let wanted = text.lowercased()
        let strings = strings.keys.map { $0.lowercased().contains(wanted) }
        func holds(_ number: UInt32) -> Bool { strings[Int(number)] }
        return { index in
            if holds(rootServices[index]) || holds(rootNames[index]) || holds(models[index]) || holds(errorMessages[index]) { return true }
            if operationRange(index).contains(where: { holds(operationNames[operations[$0]].name) || holds(operationNames[operations[$0]].service) }) {
                return true
            }
            return pairRange(index).contains { holds(pairNames[pairs[$0]].value) } || "\(traceIDs[index])".hasPrefix(wanted)
        }
    }

    private func attribute(_ term: TraceFilter.Term) -> (Int) -> Bool {
        // `http.route` is meant for `root.http.route` as well as for `model.http.route`.
        let keys = strings.keys.map { key in
            key == term.field || key.utf8.count > term.field.utf8.count && key.hasSuffix("." + term.field)
        }
        let matching = pairNames.keys.map { pair in
            guard keys[Int(pair.key)] else { return false }
            let value = strings[pair.value]
            switch term.comparison {
            case .matches, .equal: return TraceFilter.isLike(value, term.value)
            case .notEqual: return value != term.value
            default: return term.number.map { wanted in value.number.map { Self.compare($0, term.comparison, wanted) } ?? false } ?? false
            }
        }
        return { index in
            if pairRange(index).contains(where: { matching[Int(pairs[$0])] }) { return true }
            guard let wanted = term.number else { return false }
            return numberRange(index).contains { keys[Int(numberKeys[$0])] && Self.compare(numbers[$0], term.comparison, wanted) }
        }
    }
}

extension String {
    fileprivate var number: Double? { utf8.count <= 40 ? Double(self) : nil }
}
