import Testing
import TracingConventions

@Suite("Network endpoints")
struct NetworkEndpointTests {
    @Test("The peers that gRPC transports name", arguments: [
        ("ipv4:127.0.0.1:31415", "127.0.0.1" as String?, 31415 as Int?), ("ipv6:[::1]:443", "::1", 443), ("unix:/run/s.sock", "/run/s.sock", nil),
        ("in-process:27182", nil, nil), ("", nil, nil), ("ipv4:", nil, nil), ("unix:", nil, nil),
    ])
    func grpcPeer(text: String, address: String?, port: Int?) {
        #expect(NetworkEndpoint(grpcPeer: text) == address.map { NetworkEndpoint(address: $0, port: port) })
    }

    @Test("Hosts with and without ports", arguments: [
        ("h", "h" as String?, nil as Int?), ("h:1", "h", 1), ("h:", "h", nil), ("::1", "::1", nil), ("[::1]", "::1", nil), ("[::1]:65535", "::1", 65535),
        ("", nil, nil), (":80", nil, nil), ("h:65536", nil, nil), ("h:+1", nil, nil), ("[]:1", nil, nil), ("[::1", nil, nil), ("[::1]x", nil, nil),
    ])
    func authority(text: String, address: String?, port: Int?) {
        #expect(NetworkEndpoint(authority: text) == address.map { NetworkEndpoint(address: $0, port: port) })
    }
}
