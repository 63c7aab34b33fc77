internal import TraceModel

/// The other side of a call that sent no spans of its own, by what the caller tells of it.
struct PeerName: Hashable {
    enum Kind: String, Hashable, Sendable {
        case database
        case messaging
        case service
    }

    var name: String
    var kind: Kind

    /// Attributes that name a peer, the best first; an attribute that only tells the kind of a peer comes after its name.
    private static let serviceKeys = [
        "peer.service", "server.address", "net.peer.name", "network.peer.address", "http.host", "net.sock.peer.name", "upstream_cluster",
        "upstream_address", "peer.hostname", "peer.address", "net.peer.ip", "rpc.service",
    ]
    private static let databaseSystem = ["db.system.name", "db.system"]
    private static let databaseName = ["db.namespace", "db.name"]
    private static let messagingSystem = ["messaging.system"]
    private static let messagingName = ["messaging.destination.name", "messaging.destination"]

    init?(_ span: Span) {
        func text(_ keys: [String]) -> String? {
            for key in keys { if let text = span.attributes[key]?.label, !text.isEmpty { return text } }
            return nil
        }
        if let system = text(Self.databaseSystem) {
            name = text(["peer.service"]) ?? text(Self.databaseName).map { "\(system)/\($0)" } ?? system
            kind = .database
        } else if let system = text(Self.messagingSystem) {
            name = text(["peer.service"]) ?? text(Self.messagingName).map { "\(system)/\($0)" } ?? system
            kind = .messaging
        } else if let found = text(Self.serviceKeys) {
            name = found
            kind = .service
        } else {
            return nil
        }
    }
}
