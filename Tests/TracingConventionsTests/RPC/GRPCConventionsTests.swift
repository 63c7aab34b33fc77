import Testing
import TraceModel
import TracingConventions

@Suite("gRPC conventions")
struct GRPCConventionsTests {
    @Test("A server fails only with the codes that are its own fault, a client with all but OK", arguments: GRPCStatusCode.allCases)
    func status(code: GRPCStatusCode) {
        let serverFaults: Set<GRPCStatusCode> = [.unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss]
        #expect(code.isError(kind: .server) == serverFaults.contains(code))
        #expect(code.isError(kind: .client) == (code != .ok))
        let list = GRPCConventions.attributes(of: code, kind: .client)
        #expect(list["rpc.response.status_code"] == .string(code.name))
        #expect(list["error.type"] == (code == .ok ? nil : .string(code.name)))
    }

    @Test("The numbers are gRPC's", arguments: [
        (0, "OK"), (1, "CANCELLED"), (2, "UNKNOWN"), (3, "INVALID_ARGUMENT"), (4, "DEADLINE_EXCEEDED"), (5, "NOT_FOUND"), (6, "ALREADY_EXISTS"),
        (7, "PERMISSION_DENIED"), (8, "RESOURCE_EXHAUSTED"), (9, "FAILED_PRECONDITION"), (10, "ABORTED"), (11, "OUT_OF_RANGE"),
        (12, "UNIMPLEMENTED"), (13, "INTERNAL"), (14, "UNAVAILABLE"), (15, "DATA_LOSS"), (16, "UNAUTHENTICATED"),
    ])
    func numbers(number: Int, name: String) {
        #expect(GRPCStatusCode(rawValue: number)?.name == name)
    }

    @Test("A call tells its system, its full method, and both ends")
    func attributes() {
        let peer = NetworkEndpoint(address: "10.0.0.2", port: 50)
        let list = GRPCConventions.attributes(method: "shop.Stock/Take", server: NetworkEndpoint(address: "stock", port: 90), client: peer, peer: peer)
        #expect(
            list == [
                Attribute("rpc.system.name", "grpc"), Attribute("rpc.method", "shop.Stock/Take"), Attribute("server.address", "stock"),
                Attribute("server.port", 90), Attribute("client.address", "10.0.0.2"), Attribute("client.port", 50),
                Attribute("network.peer.address", "10.0.0.2"), Attribute("network.peer.port", 50),
            ])
    }
}
