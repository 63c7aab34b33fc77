internal import JSONCoding
internal import TraceModel
internal import TraceStore

/// The parameters of a search in Jaeger's API, version 3; every name is understood in camelCase and in snake_case.
struct JaegerV3Query {
    let search: TraceSearch
    /// No adjusters.
    let isRaw: Bool

    init(_ items: QueryItems) throws(BadParameter) {
        let parameters = Parameters(items: items)
        guard let start = try parameters.time("start_time_min"), let end = try parameters.time("start_time_max") else {
            throw BadParameter("query.start_time_min and query.start_time_max are required")
        }
        guard start <= end else { throw BadParameter("query.start_time_max should not be before query.start_time_min") }
        guard parameters["filter"] == nil else {
            throw BadParameter("query.filter is not supported; use query.service_name, query.operation_name, query.attributes and durations")
        }
        let minimum = try parameters.duration("duration_min")
        let maximum = try parameters.duration("duration_max")
        if let minimum, let maximum, maximum < minimum {
            throw BadParameter("query.duration_max should not be less than query.duration_min")
        }
        search = TraceSearch(
            service: parameters["service_name"], operation: parameters["operation_name"], attributes: try parameters.attributes(),
            minimumDuration: minimum, maximumDuration: maximum, startTime: start...end, limit: try parameters.limit()
        )
        isRaw = parameters["raw_traces"] == "true"
    }

    static func time(_ text: String, _ name: String) throws(BadParameter) -> UInt64 {
        guard let time = RFC3339.nanoseconds(text) else {
            throw BadParameter("malformed parameter \(name): \"\(text)\" is not a time such as 2026-01-02T03:04:05.678Z")
        }
        return time
    }

    /// Finds `query.service_name`, or `query.serviceName`.
    private struct Parameters {
        let items: QueryItems

        subscript(_ name: String) -> String? { items.either("query." + name) }

        func time(_ name: String) throws(BadParameter) -> UInt64? {
            try self[name].map { text throws(BadParameter) in try JaegerV3Query.time(text, "query." + name) }
        }

        func duration(_ name: String) throws(BadParameter) -> UInt64? {
            try self[name].map { text throws(BadParameter) in
                guard let value = GoDuration.nanoseconds(text) else {
                    throw BadParameter("malformed parameter query.\(name): \"\(text)\" is not a duration such as 1.5ms, 2s or 1h3m")
                }
                return value
            }
        }

        func limit() throws(BadParameter) -> Int {
            let limits = SearchRequest.Limits()
            guard let text = self["search_depth"] ?? self["num_traces"] else { return limits.defaultLimit }
            guard let limit = Int(text), limit >= 0 else {
                throw BadParameter("malformed parameter query.search_depth: \"\(text)\" is not a number of traces")
            }
            return limit == 0 ? limits.defaultLimit : min(limit, limits.maximumLimit)
        }

        /// `{"key":"value"}`
        func attributes() throws(BadParameter) -> [TagFilter] {
            guard let text = self["attributes"] else { return [] }
            guard let object = (try? JSONValue.parse(text))?.objectValue else {
                throw BadParameter("malformed parameter query.attributes: expecting a JSON object of strings, received: \(text)")
            }
            var filters: [TagFilter] = []
            for member in object.members {
                guard let value = member.value.stringValue else {
                    throw BadParameter("malformed parameter query.attributes: the value of \"\(member.name)\" is not a string")
                }
                filters.append(TagFilter(key: member.name, value: value))
            }
            return filters
        }
    }
}

extension QueryItems {
    /// A parameter by its name in snake_case, or in camelCase.
    func either(_ snakeCase: String) -> String? {
        if let value = nonEmpty(snakeCase) { return value }
        let parts = snakeCase.split(separator: "_")
        return nonEmpty(parts.dropFirst().reduce(into: String(parts.first ?? "")) { $0 += $1.prefix(1).uppercased() + $1.dropFirst() })
    }
}
