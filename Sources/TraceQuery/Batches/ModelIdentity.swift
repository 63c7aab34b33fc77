internal import TraceModel

/// A model of one server: what batches and lanes are about.
public struct ModelIdentity: Hashable, Sendable, Comparable {
    public var service: String
    /// Tells processes of one service apart: `service.instance.id`, else `k8s.pod.name`, `host.name`; empty when none is told.
    public var server: String
    public var model: String
    public var version: String

    public init(service: String, server: String, model: String, version: String) {
        self.service = service
        self.server = server
        self.model = model
        self.version = version
    }

    public static func < (left: ModelIdentity, right: ModelIdentity) -> Bool {
        (left.service, left.server, left.model, left.version) < (right.service, right.server, right.model, right.version)
    }

    /// Attributes that tell processes apart, the best first.
    static let serverKeys = ["service.instance.id", "k8s.pod.name", "pod_name", "host.name", "process.pid"]

    static func server(of resource: Resource) -> String {
        for key in serverKeys {
            if let value = resource.attributes[key] {
                let text = value.label
                if !text.isEmpty { return text }
            }
        }
        return ""
    }
}

extension AttributeValue {
    /// Short text of a scalar; empty for lists and maps.
    var label: String {
        switch self {
        case .string(let text): text
        case .int(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        case .double(let value): value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
        case .bytes, .array, .keyValueList, .empty: ""
        }
    }
}
