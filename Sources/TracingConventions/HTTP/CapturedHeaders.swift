public import TraceModel

/// The headers that a user asked to see on spans, with the names of their attributes worked out once.
public struct CapturedHeaders: Sendable {
    public enum Direction: String, Sendable {
        case request = "http.request.header."
        case response = "http.response.header."
    }

    /// The name of a header in lower case, and the key of its attribute.
    public let headers: [(name: String, key: String)]

    public init(_ names: [String], of direction: Direction) {
        var seen: Set<String> = []
        headers = names.map { $0.lowercased() }.filter { !$0.isEmpty && seen.insert($0).inserted }.map { ($0, direction.rawValue + $0) }
    }

    public var isEmpty: Bool { headers.isEmpty }

    /// One attribute for each header that is there: its values as a list of strings.
    public func append(to attributes: inout [Attribute], values: (_ name: String) -> [String]) {
        for header in headers {
            let values = values(header.name)
            if !values.isEmpty { attributes.append(Attribute(key: header.key, value: .array(values.map { .string($0) }))) }
        }
    }
}
