internal import GRPCCore

/// Parts of the protocol that are only for clients who know a secret: Triton's `--grpc-restricted-protocol`.
struct RestrictedProtocols: Sendable {
    typealias Category = InferenceGRPCServer.Configuration.Category

    private struct Key: Sendable {
        var header: String
        var value: String
    }

    private var keys: [Category: Key] = [:]

    init(_ restrictions: [InferenceGRPCServer.Configuration.Restriction] = []) {
        for restriction in restrictions {
            for category in restriction.categories {
                keys[category] = Key(header: "triton-grpc-protocol-\(restriction.header)".lowercased(), value: restriction.value)
            }
        }
    }

    /// - Throws: `UNAVAILABLE` in Triton's words when the call does not bring the key of a restricted part.
    func check(_ category: Category, _ metadata: Metadata) throws(RPCError) {
        guard !keys.isEmpty, let key = keys[category] else { return }
        guard metadata[stringValues: key.header].contains(key.value) else {
            throw RPCError(code: .unavailable, message: "This protocol is restricted, expecting header '\(key.header)'")
        }
    }
}
