import ArgumentParser
import Inference
import InferenceServer
import NeedletailServing
import Testing

@testable import needletail

@Suite("Flags of the inference server")
struct InferenceOptionsTests {
    private func options(_ arguments: [String]) throws -> InferenceOptions { try ServeCommand.parse(arguments).inference }

    private func configuration(_ arguments: [String]) throws -> ServerConfiguration {
        try options(arguments).serverConfiguration(host: "127.0.0.1", tracing: .init())
    }

    @Test("a command line of Triton's guides is accepted as it is")
    func guide() throws {
        let options = try options([
            "--model-repository=/models/a", "--model-repository", "/models/b", "--trace-config", "mode=opentelemetry",
            "--trace-config=opentelemetry,resource=pod_name=host", "--trace-config", "opentelemetry,url=http://collector:4318/v1/traces",
            "--trace-config", "rate=100", "--trace-config", "level=TIMESTAMPS", "--trace-config", "count=-1",
            "--allow-gpu-metrics=true", "--log-verbose=0", "--strict-model-config=false", "--exit-timeout-secs=60", "--http-port=8000",
        ])
        #expect(options.models.repositories == ["/models/a", "/models/b"])
        #expect(options.serving.traceConfig.count == 6)
        #expect(options.models.strictModelConfig?.isOn == false)
        #expect(options.triton.withoutEffect.map(\.flag) == ["allow-gpu-metrics"])
    }

    @Test("values of switches are those of Triton", arguments: [("true", true), ("1", true), ("ON", true), ("false", false), ("0", false)])
    func switches(text: String, isOn: Bool) throws {
        #expect(try options(["--log-info", text]).log.logInfo.isOn == isOn)
    }

    @Test("a switch that is neither is an error")
    func badSwitch() {
        #expect(throws: (any Error).self) { try ServeCommand.parse(["--log-info", "maybe"]) }
    }

    @Test("without models of the user's there is the sample; with them only when it is asked for")
    func samples() throws {
        #expect(try configuration([]).models.map(\.definition.name) == ["passthrough"])
        #expect(try configuration(["--python", "models.py:double"]).models.isEmpty)
        #expect(try configuration(["--model-repository", "/models"]).models.isEmpty)
        #expect(try configuration(["--python", "models.py:double", "--sample-model", "passthrough"]).models.count == 1)
    }

    @Test("a protocol that is not allowed is not listened for")
    func allowed() throws {
        #expect(try configuration(["--allow-grpc", "false"]).grpc == nil)
        #expect(try configuration(["--grpc-port", "off"]).grpc == nil)
        #expect(!(try options(["--allow-grpc=0"]).ports.map(\.flag).contains("grpc-port")))
        #expect(throws: (any Error).self) { try ServeCommand.parse(["--allow-grpc", "0", "--allow-http", "0"]) }
    }

    @Test("gRPC is encrypted with a certificate and its key, and not with one of them")
    func encryption() throws {
        let grpc = try configuration(["--grpc-use-ssl", "1", "--grpc-server-cert", "a.pem", "--grpc-server-key", "b.pem"]).grpc
        #expect(grpc?.tls == .init(certificateFile: "a.pem", keyFile: "b.pem"))
        #expect(throws: (any Error).self) { try ServeCommand.parse(["--grpc-use-ssl", "1", "--grpc-server-cert", "a.pem"]) }
    }

    @Test("restricted parts of the protocol are read, and an unknown one is an error")
    func restrictions() throws {
        let grpc = try configuration(["--grpc-restricted-protocol", "trace,logging:key=secret"]).grpc
        #expect(grpc?.restrictedProtocols == ["trace,logging:key=secret"])
        #expect(throws: (any Error).self) { try configuration(["--grpc-restricted-protocol", "nothing:key=secret"]) }
    }

    @Test("flags from before --trace-config become its words, and lose against it")
    func deprecated() throws {
        let flags = try options(["--trace-rate", "5", "--trace-level", "TIMESTAMPS", "--trace-config", "rate=7"]).serving.deprecatedTraceFlags
        #expect(flags.words == ["level=TIMESTAMPS"])
        #expect(flags.warnings.contains { $0.contains("'--trace-rate'") })
    }

    @Test("--load-model needs explicit control")
    func loadModel() throws {
        #expect(throws: (any Error).self) { try ServeCommand.parse(["--load-model", "a"]) }
        #expect(throws: Never.self) { try ServeCommand.parse(["--load-model", "a", "--model-control-mode", "explicit"]) }
    }

    @Test("the response cache has the size of either flag, and another cache is an error")
    func cache() throws {
        #expect(try configuration([]).responseCacheSize == 0)
        #expect(try configuration(["--cache-config", "local,size=1048576"]).responseCacheSize == 1_048_576)
        #expect(try configuration(["--response-cache-byte-size=4096"]).responseCacheSize == 4096)
        for word in ["redis,host=a", "local,size=big", "local", "local,depth=3"] {
            #expect(throws: ValidationError.self) { try configuration(["--cache-config", word]) }
        }
    }

    @Test("resources of the rate limiter are read, for the device and for the server")
    func rateLimit() throws {
        let limited = ["--rate-limit=execution_count", "--rate-limit-resource", "R1:10", "--rate-limit-resource", "R2:5:global"]
        #expect(try configuration(limited).rateLimit == .init(resources: ["R1": 10], globalResources: ["R2": 5]))
        #expect(try configuration([]).rateLimit == nil)
        #expect(throws: ValidationError.self) { try configuration(["--rate-limit-resource", "R1:10"]) }
        #expect(throws: ValidationError.self) { try configuration(["--rate-limit=execution_count", "--rate-limit-resource", "R1"]) }
    }
}
