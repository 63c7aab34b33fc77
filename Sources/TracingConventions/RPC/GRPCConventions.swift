public import TraceModel

/// Names, attributes and status of gRPC spans by the semantic conventions for RPC (release candidate, version 1.4x):
/// `rpc.system.name`, the full name of the method in `rpc.method`, and the status code by name.
public enum GRPCConventions {
    /// The attributes at the start of a call.
    ///
    /// - Parameters:
    ///   - method: `package.Service/Method`, also the name of the span.
    ///   - server: where the call goes, or where it came in.
    ///   - client: who called; servers only.
    ///   - peer: the other end of the connection.
    public static func attributes(method: String, server: NetworkEndpoint?, client: NetworkEndpoint?, peer: NetworkEndpoint?) -> [Attribute] {
        var list: [Attribute] = [Attribute("rpc.system.name", "grpc"), Attribute("rpc.method", .string(method))]
        list.reserveCapacity(10)
        append(server, "server.address", "server.port", to: &list)
        append(client, "client.address", "client.port", to: &list)
        append(peer, "network.peer.address", "network.peer.port", to: &list)
        return list
    }

    /// The attributes at the end of a call.
    public static func attributes(of code: GRPCStatusCode, kind: SpanKind) -> [Attribute] {
        var list = [Attribute("rpc.response.status_code", .string(code.name))]
        if code.isError(kind: kind) { list.append(Attribute("error.type", .string(code.name))) }
        return list
    }

    private static func append(_ endpoint: NetworkEndpoint?, _ address: String, _ port: String, to list: inout [Attribute]) {
        guard let endpoint else { return }
        list.append(Attribute(address, .string(endpoint.address)))
        if let number = endpoint.port { list.append(Attribute(port, .int(Int64(number)))) }
    }
}
