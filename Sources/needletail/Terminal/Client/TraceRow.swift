internal import JSONCoding
internal import TraceModel

/// One trace of a list.
struct TraceRow: Hashable, Sendable {
    struct Service: Hashable, Sendable {
        var name: String
        var spanCount: Int
    }

    var traceID: TraceID
    var rootService: String
    var rootName: String
    /// Nanoseconds since the Unix epoch.
    var startTime: UInt64
    /// Nanoseconds.
    var duration: UInt64
    var spanCount: Int
    var errorCount: Int
    var errorMessage: String?
    var services: [Service]

    /// One element of the back end's list.
    init?(_ value: JSONValue) {
        guard let id = value["traceID"]?.stringValue.flatMap(TraceID.init(hex:)), let start = value["startTimeUnixNano"]?.unsigned else { return nil }
        traceID = id
        rootService = value["rootService"]?.stringValue ?? ""
        rootName = value["rootName"]?.stringValue ?? ""
        startTime = start
        duration = value["durationNano"]?.unsigned ?? 0
        spanCount = value["spanCount"]?.intValue.map { Int(clamping: $0) } ?? 0
        errorCount = value["errorCount"]?.intValue.map { Int(clamping: $0) } ?? 0
        errorMessage = value["errorMessage"]?.stringValue
        services = (value["services"]?.arrayValue ?? []).compactMap { service in
            guard let name = service["name"]?.stringValue else { return nil }
            return Service(name: name, spanCount: service["spanCount"]?.intValue.map { Int(clamping: $0) } ?? 0)
        }
    }

    init(
        traceID: TraceID, rootService: String, rootName: String, startTime: UInt64, duration: UInt64, spanCount: Int, errorCount: Int = 0,
        errorMessage: String? = nil, services: [Service] = []
    ) {
        self.traceID = traceID
        self.rootService = rootService
        self.rootName = rootName
        self.startTime = startTime
        self.duration = duration
        self.spanCount = spanCount
        self.errorCount = errorCount
        self.errorMessage = errorMessage
        self.services = services
    }

    /// The documented JSON of a row (docs/terminal.md).
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("traceID")
        writer.string("\(traceID)")
        writer.key("rootService")
        writer.string(rootService)
        writer.key("rootName")
        writer.string(rootName)
        writer.key("startTimeUnixNano")
        writer.quotedUInt(startTime)
        writer.key("durationNano")
        writer.uint(duration)
        writer.key("spanCount")
        writer.int(spanCount)
        writer.key("errorCount")
        writer.int(errorCount)
        if let errorMessage {
            writer.key("errorMessage")
            writer.string(errorMessage)
        }
        writer.key("services")
        writer.beginArray()
        for service in services {
            writer.beginObject()
            writer.key("name")
            writer.string(service.name)
            writer.key("spanCount")
            writer.int(service.spanCount)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension JSONValue {
    /// A whole number of at least 0, or a string that holds one.
    var unsigned: UInt64? {
        switch self {
        case .number(let text), .string(let text): UInt64(text)
        default: nil
        }
    }
}
