import ArgumentParser
import NIOCore
import NIOPosix
import Synchronization
import Testing
import TraceStoreSQLite

@testable import needletail

@Suite("Commands")
struct CommandTests {
    @Test("one port for two listeners is an error that names both flags")
    func portConflict() {
        #expect(throws: (any Error).self) { try UpCommand.parse(["--http-port", "4318"]) }
        let error = #expect(throws: ValidationError.self) { try PortCheck.validate([PortUse(flag: "a-port", port: 7), PortUse(flag: "b-port", port: 7)]) }
        #expect(error?.message.contains("--a-port and --b-port") == true)
        #expect(throws: Never.self) { try PortCheck.validate([PortUse(flag: "a-port", port: 0), PortUse(flag: "b-port", port: 0)]) }
        #expect(throws: Never.self) {
            try PortCheck.validate([PortUse(flag: "a-port", port: 7), PortUse(flag: "b-port", port: 7, transport: .udp)])
        }
    }

    @Test("a number that is no port is an error", arguments: [-1, 65536])
    func badPort(port: Int) {
        #expect(throws: ValidationError.self) { try PortCheck.validate([PortUse(flag: "a-port", port: port)]) }
    }

    @Test("a receiver that is not wanted is switched off, a word that is no port is an error")
    func optionalPorts() throws {
        let command = try TracesCommand.parse(["--zipkin-port", "off", "--jaeger-compact-port", "0", "--jaeger-grpc-port=OFF"])
        #expect(command.backEnd.zipkinPort == .off)
        #expect(command.backEnd.jaegerCompactPort == .port(0))
        #expect(command.backEnd.jaegerBinaryPort == .port(6832))
        let flags = command.backEnd.ports.map(\.flag)
        #expect(!flags.contains("zipkin-port") && !flags.contains("jaeger-grpc-port") && flags.contains("jaeger-http-port"))
        #expect(BackEnd.listeners(of: command.backEnd) == [
            .query, .tempo, .jaegerQueryGRPC, .otlpHTTP, .otlpGRPC, .jaegerHTTP, .jaegerCompact, .jaegerBinary, .sampling, .admin,
        ])
        #expect(throws: (any Error).self) { try TracesCommand.parse(["--zipkin-port", "none"]) }
        #expect(throws: (any Error).self) { try TracesCommand.parse(["--zipkin-port", "70000"]) }
        #expect(throws: (any Error).self) { try TracesCommand.parse(["--zipkin-port", "4318"]) }
    }

    @Test("retention is a duration and a size, a share of the disk, or off; what is neither is an error")
    func retention() throws {
        let standard = try TracesCommand.parse([]).backEnd
        #expect(standard.retentionAge == .seconds(7 * 86_400))
        #expect(standard.retentionSize == .percent(80))
        let given = try TracesCommand.parse(["--retention-age", "1d12h", "--retention-size", "1.5GiB"]).backEnd
        #expect(given.storeConfiguration.retentionSeconds == 36 * 3600)
        #expect(given.storeConfiguration.retentionSize == 3 << 29)
        #expect(given.storeConfiguration.partitionSize == 3 << 26)
        let off = try TracesCommand.parse(["--retention-age", "off", "--retention-size", "OFF"]).backEnd.storeConfiguration
        #expect(off.retentionSeconds == nil && off.retentionSize == nil)
        #expect(try TracesCommand.parse(["--retention-size", "500MB"]).backEnd.retentionSize == .bytes(500_000_000))
        #expect(try TracesCommand.parse([]).backEnd.storeConfiguration.retentionSize ?? 0 > 0)
        for wrong in [["--retention-age", "7"], ["--retention-age", "5s"], ["--retention-age", "week"], ["--retention-size", "10 apples"], ["--retention-size", "1MiB"],
            ["--retention-size", "0%"], ["--retention-size", "120%"], ["--retention-size", ""]] {
            #expect(throws: (any Error).self, "\(wrong)") { try TracesCommand.parse(wrong) }
        }
    }

    @Test("a port in use is told with the setting to change, over TCP and UDP", arguments: [PortUse.Transport.tcp, .udp])
    func portInUse(transport: PortUse.Transport) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let holder =
            switch transport {
            case .tcp: try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
            case .udp: try await DatagramBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
            }
        let port = try #require(holder.localAddress?.port)
        let use = PortUse(flag: "a-port", port: port, transport: transport, canBeOff: true)
        let error = await #expect(throws: ListenError.self) { try await PortCheck.available([use], host: "127.0.0.1") }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("port \(port) is in use") || text.contains("Port \(port) is in use"))
        #expect(text.contains("--a-port off"))
        try await holder.close()
        await #expect(throws: Never.self) { try await PortCheck.available([use], host: "127.0.0.1") }
    }

    @Test(
        "a bad word of --trace-config stops the program with the valid ones",
        arguments: ["level=LOUD", "rate=12abc", "jaeger,url=x", "opentelemetry,resource=x"]
    )
    func badTraceConfig(word: String) {
        #expect(throws: (any Error).self) { try ServeCommand.parse(["--trace-config", word]) }
    }

    @Test(
        "a listener is reached without wildcards, IPv6 in brackets",
        arguments: [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("fe80::1", "[fe80::1]"), ("box", "box")]
    )
    func urlHost(host: String, expected: String) {
        #expect(ListenAddress.urlHost(for: host) == expected)
    }

    @Test("the greeting waits for all listeners, comes once and shows the real ports")
    func greeting() {
        let shown = Mutex<[String]>([])
        let greeting = Greeting(host: "0.0.0.0", dataDirectory: "/data", awaited: [.inferenceHTTP, .query]) { text in
            shown.withLock { $0.append(text) }
        }
        greeting.listening(.inferenceHTTP, port: 8123)
        let early = shown.withLock { $0.count }
        #expect(early == 0)
        greeting.listening(.query, port: 9123)
        greeting.listening(.query, port: 9123)
        let texts = shown.withLock { $0 }
        #expect(texts.count == 1)
        for part in ["http://127.0.0.1:8123/v2/models/passthrough/generate", "http://127.0.0.1:9123/", "/data", "Ctrl-C"] {
            #expect(texts.first?.contains(part) == true, "\(part)")
        }
    }
}
