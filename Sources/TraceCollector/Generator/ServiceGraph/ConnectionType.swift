/// How two services of a service graph are connected; label `connection_type`.
enum ConnectionType: UInt8, Hashable, Sendable {
    case plain
    case messagingSystem
    case database
    /// One side sends no spans.
    case virtualNode

    var label: String {
        switch self {
        case .plain: ""
        case .messagingSystem: "messaging_system"
        case .database: "database"
        case .virtualNode: "virtual_node"
        }
    }
}

/// Which side of an edge sends no spans; label `virtual_node`.
enum VirtualNode: UInt8, Hashable, Sendable {
    case none
    case client
    case server

    var label: String {
        switch self {
        case .none: ""
        case .client: "client"
        case .server: "server"
        }
    }
}
