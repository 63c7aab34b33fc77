import ArgumentParser
import Foundation
import Logging
import Testing

@testable import needletail

@Suite("Settings from a YAML file")
struct ConfigurationFileTests {
    static let known = ["http-port": true, "trace-config": true, "config-check": false, "config": true]

    private func settings(_ yaml: String) throws -> [ConfigurationFile.Setting] {
        try ConfigurationFile.settings(yaml: yaml, path: "n.yaml", known: Self.known)
    }

    @Test("scalars, lists and switches become flags")
    func kinds() throws {
        let settings = try settings(
            """
            http-port: 9000
            trace-config:
              - level=TIMESTAMPS
              - opentelemetry,resource=a=b
            config-check: true
            """
        )
        #expect(settings.map(\.name) == ["http-port", "trace-config", "config-check"])
        #expect(
            settings.flatMap(\.arguments) == [
                "--http-port=9000", "--trace-config=level=TIMESTAMPS", "--trace-config=opentelemetry,resource=a=b", "--config-check",
            ]
        )
        #expect(try self.settings("config-check: false").flatMap(\.arguments).isEmpty)
        #expect(try self.settings("# nothing\n").isEmpty)
    }

    @Test(
        "a mistake is named with its line",
        arguments: [
            ("http-port: 1\nhttp-prot: 9000", "n.yaml:2: unknown setting 'http-prot'"),
            ("http-port: {a: 1}", "n.yaml:1: 'http-port' takes a value"),
            ("config-check: perhaps", "n.yaml:1: 'config-check' is true or false"),
            ("- http-port", "n.yaml: expected lines of 'name: value'"),
            ("http-port: [", "n.yaml: is not valid YAML"),
            ("config: other.yaml", "n.yaml:1: unknown setting 'config'"),
        ]
    )
    func mistakes(yaml: String, message: String) {
        let error = #expect(throws: ValidationError.self) { try settings(yaml) }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "no error")")
    }

    @Test("a flag wins over the file, other settings of the file stay")
    func precedence() throws {
        let path = try Self.file("http-port: 9000\nhost: 0.0.0.0\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(
            try ConfigurationFile.expand(["up", "--http-port=9001", "--config", path])
                == ["up", "--host=0.0.0.0", "--http-port=9001", "--config", path]
        )
    }

    @Test("the file's settings reach the command under the names of its flags")
    func names() throws {
        let path = try Self.file("query-port: 1234\ntrace-config: [rate=7]\nlog-level: debug\nconfig-check: true\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let command = try Needletail.parseAsRoot(try ConfigurationFile.expand(["up", "--config=\(path)"]))
        let up = try #require(command as? UpCommand)
        #expect(up.backEnd.queryPort == 1234)
        #expect(up.inference.serving.traceConfig == ["rate=7"])
        #expect(up.common.logLevel.rawValue == "debug")
        #expect(up.common.configCheck)
    }

    @Test("a file that cannot be read is an error")
    func unreadable() {
        #expect(throws: ValidationError.self) { try ConfigurationFile.expand(["up", "--config", "/nowhere/n.yaml"]) }
        #expect(throws: ValidationError.self) { try ConfigurationFile.expand(["up", "--config"]) }
    }

    private static func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yaml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
