import ArgumentParser
import Synchronization
import Testing

@testable import needletail

@Suite("Commands")
struct CommandTests {
    @Test("one port for two listeners is an error that names both flags")
    func portConflict() {
        #expect(throws: (any Error).self) { try UpCommand.parse(["--http-port", "4318"]) }
        let error = #expect(throws: ValidationError.self) { try PortCheck.validate([("a-port", 7), ("b-port", 7)]) }
        #expect(error?.message.contains("--a-port and --b-port") == true)
        #expect(throws: Never.self) { try PortCheck.validate([("a-port", 0), ("b-port", 0)]) }
    }

    @Test("a number that is no port is an error", arguments: [-1, 65536])
    func badPort(port: Int) {
        #expect(throws: ValidationError.self) { try PortCheck.validate([("a-port", port)]) }
    }

    @Test(
        "a bad word of --trace-config stops the program with the valid ones",
        arguments: ["level=LOUD", "rate=12abc", "speed=3", "jaeger,url=x", "opentelemetry,resource=x"]
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
