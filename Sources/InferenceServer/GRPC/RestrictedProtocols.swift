internal import GRPCCore

/// Lets calls to a restricted part of the protocol through that bring its header: Triton's `--grpc-restricted-protocol`.
struct RestrictedProtocols: Sendable {
    private let keys: [RestrictedAPIs.Category: RestrictedAPIs.Key]

    init(_ restricted: RestrictedAPIs) { keys = restricted.keys }

    /// - Throws: `UNAVAILABLE` in Triton's words when the call does not bring the header of a restricted part.
    func check(_ category: RestrictedAPIs.Category, _ metadata: Metadata) throws(RPCError) {
        guard !keys.isEmpty, let key = keys[category] else { return }
        guard metadata[stringValues: key.name].contains(where: { RestrictedAPIs.isEqual($0, key.value) }) else {
            throw RPCError(code: .unavailable, message: "This protocol is restricted, expecting header '\(key.name)'")
        }
    }
}

extension RestrictedAPIs {
    /// What the names of the headers begin with over gRPC.
    package static let gRPCHeaderPrefix = "triton-grpc-protocol-"
}
