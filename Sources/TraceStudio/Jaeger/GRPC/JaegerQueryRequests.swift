internal import ProtobufCoding
internal import TraceModel
internal import TraceStore

/// `TraceQueryParameters` of both versions: their fields have the same numbers.
///
/// `{ 1 service_name, 2 operation_name, 3 attributes (tags) map, 4 start_time_min, 5 start_time_max, 6 duration_min, 7 duration_max,
/// 8 search_depth int32, 9 raw_traces bool, 10 filter }`
struct JaegerTraceQuery {
    var service = ""
    var operation = ""
    var attributes: [TagFilter] = []
    var start: UInt64?
    var end: UInt64?
    var minimumDuration: UInt64?
    var maximumDuration: UInt64?
    var depth = 0
    var isRaw = false
    var hasFilter = false

    /// `FindTracesRequest { 1 query }`, and `FindTraceSummariesRequest` alike; `nil` without the query.
    static func find(_ bytes: [UInt8]) throws(QueryMessageError) -> JaegerTraceQuery? {
        var query: JaegerTraceQuery?
        try QueryCursor.parse(bytes, "FindTracesRequest") { (cursor, tag) throws(QueryMessageError) in
            guard tag == 1 << 3 | 2 else { return try cursor.skip(tag) }
            var read = query ?? JaegerTraceQuery()
            try cursor.message { (cursor, tag) throws(QueryMessageError) in try read.field(&cursor, tag) }
            query = read
        }
        return query
    }

    private mutating func field(_ cursor: inout QueryCursor, _ tag: UInt32) throws(QueryMessageError) {
        switch tag {
        case 1 << 3 | 2: service = try cursor.text()
        case 2 << 3 | 2: operation = try cursor.text()
        case 3 << 3 | 2:
            let pair = try cursor.pair()
            attributes.append(TagFilter(key: pair.key, value: pair.value))
        case 4 << 3 | 2: start = try cursor.nanoseconds()
        case 5 << 3 | 2: end = try cursor.nanoseconds()
        case 6 << 3 | 2: minimumDuration = try cursor.nanoseconds()
        case 7 << 3 | 2: maximumDuration = try cursor.nanoseconds()
        case 8 << 3: depth = Int(truncatingIfNeeded: Int32(truncatingIfNeeded: try cursor.int64()))
        case 9 << 3: isRaw = try cursor.flag()
        default:
            if tag == 10 << 3 | 2 { hasFilter = true }
            try cursor.skip(tag)
        }
    }

    /// A duration of 0 is none, as Go's zero value is.
    func search(in window: ClosedRange<UInt64>) -> TraceSearch {
        let limits = SearchRequest.Limits()
        return TraceSearch(
            service: service.isEmpty ? nil : service, operation: operation.isEmpty ? nil : operation, attributes: attributes,
            minimumDuration: minimumDuration == 0 ? nil : minimumDuration, maximumDuration: maximumDuration == 0 ? nil : maximumDuration,
            startTime: window, limit: depth <= 0 ? limits.defaultLimit : min(depth, limits.maximumLimit)
        )
    }
}

/// `GetTraceRequest { 1 trace_id, 2 start_time, 3 end_time, 4 raw_traces }`: the id is text in version 3, bytes in version 2.
struct JaegerTraceRequest {
    var id: [UInt8] = []
    var isRaw = false

    init(_ bytes: [UInt8]) throws(QueryMessageError) {
        var id: [UInt8] = []
        var isRaw = false
        try QueryCursor.parse(bytes, "GetTraceRequest") { (cursor, tag) throws(QueryMessageError) in
            switch tag {
            case 1 << 3 | 2: id = Array(try cursor.bytes())
            case 4 << 3: isRaw = try cursor.flag()
            default: try cursor.skip(tag)
            }
        }
        self.id = id
        self.isRaw = isRaw
    }
}

/// `GetOperationsRequest { 1 service, 2 span_kind }`
struct JaegerOperationsRequest {
    var service = ""
    var kind = ""

    init(_ bytes: [UInt8]) throws(QueryMessageError) {
        var service = ""
        var kind = ""
        try QueryCursor.parse(bytes, "GetOperationsRequest") { (cursor, tag) throws(QueryMessageError) in
            switch tag {
            case 1 << 3 | 2: service = try cursor.text()
            case 2 << 3 | 2: kind = try cursor.text()
            default: try cursor.skip(tag)
            }
        }
        self.service = service
        self.kind = kind
    }
}

/// `GetDependenciesRequest { 1 start_time, 2 end_time }`
struct JaegerDependenciesRequest {
    var start: UInt64?
    var end: UInt64?

    init(_ bytes: [UInt8]) throws(QueryMessageError) {
        var start: UInt64?
        var end: UInt64?
        try QueryCursor.parse(bytes, "GetDependenciesRequest") { (cursor, tag) throws(QueryMessageError) in
            switch tag {
            case 1 << 3 | 2: start = try cursor.nanoseconds()
            case 2 << 3 | 2: end = try cursor.nanoseconds()
            default: try cursor.skip(tag)
            }
        }
        self.start = start
        self.end = end
    }
}
