/// What a span has without attributes; the raw values are the names that Tempo gives them in results.
enum TraceQLIntrinsic: String, Hashable, Sendable, CaseIterable {
    case duration
    case name
    case status
    case statusMessage
    case kind
    case childCount = "span:childCount"
    case spanID = "span:id"
    case parentID = "span:parentID"
    case rootName
    case rootServiceName
    case traceDuration
    case traceID = "trace:id"
    case nestedSetLeft
    case nestedSetRight
    case nestedSetParent
    case eventName = "event:name"
    case eventTimeSinceStart = "event:timeSinceStart"
    case linkTraceID = "link:traceID"
    case linkSpanID = "link:spanID"
    case instrumentationName = "instrumentation:name"
    case instrumentationVersion = "instrumentation:version"

    /// Names without a scope.
    static let bare: [String: TraceQLIntrinsic] = Dictionary(
        uniqueKeysWithValues: allCases.filter { !$0.rawValue.contains(":") }.map { ($0.rawValue, $0) }
    )

    /// Names after `span:`, `trace:` and so on.
    static let scoped: [String: [String: TraceQLIntrinsic]] = [
        "span": [
            "duration": .duration, "name": .name, "status": .status, "statusMessage": .statusMessage, "kind": .kind,
            "childCount": .childCount, "id": .spanID, "parentID": .parentID,
        ],
        "trace": ["duration": .traceDuration, "rootName": .rootName, "rootService": .rootServiceName, "id": .traceID],
        "event": ["name": .eventName, "timeSinceStart": .eventTimeSinceStart],
        "link": ["traceID": .linkTraceID, "spanID": .linkSpanID],
        "instrumentation": ["name": .instrumentationName, "version": .instrumentationVersion],
    ]

    var type: TraceQLType {
        switch self {
        case .duration, .traceDuration, .eventTimeSinceStart: .duration
        case .status: .status
        case .kind: .kind
        case .childCount, .nestedSetLeft, .nestedSetRight, .nestedSetParent: .int
        case .name, .statusMessage, .spanID, .parentID, .rootName, .rootServiceName, .traceID, .eventName, .linkTraceID, .linkSpanID,
            .instrumentationName, .instrumentationVersion:
            .string
        }
    }

    /// It can only be told from the other spans of the trace.
    var needsTrace: Bool {
        switch self {
        case .childCount, .rootName, .rootServiceName, .traceDuration, .nestedSetLeft, .nestedSetRight, .nestedSetParent: true
        default: false
        }
    }
}
