import Inference
import JSONCoding
import NIOHTTP1
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Logging, shared memory and repository: the endpoints that control the server.
@Suite struct ControlEndpointTests {
    private static let defaults =
        #"{"log_file":"","log_info":true,"log_warning":true,"log_error":true,"log_verbose_level":0,"log_format":"default"}"#

    @Test func loggingSettingsAreReadAndChanged() async throws {
        try await TestServer.run { server in
            #expect(try await server.get("/v2/logging").text == Self.defaults)
            let changed = try await server.post("/v2/logging", #"{"log_verbose_level":1,"log_info":false,"log_format":"ISO8601","zz":1,"log_error":null}"#)
            #expect(changed.status == 200)
            #expect(
                changed.text
                    == #"{"log_file":"","log_info":false,"log_warning":true,"log_error":true,"log_verbose_level":1,"log_format":"ISO8601"}"#)
            #expect(try await server.get("/v2/logging").text == changed.text)
            #expect(try await server.post("/v2/logging", "").text == changed.text)
        }
    }

    @Test(arguments: [
        (#"{"log_info":"x"}"#, 500, "attempt to access JSON non-boolean as boolean"),
        (#"{"log_verbose_level":-1}"#, 500, "attempt to access JSON non-unsigned-integer as unsigned-integer"),
        (#"{"log_file":"/srv/x"}"#, 501, "log file location can not be updated through network protocol"),
        (#"{"log_info":false,"log_format":"x"}"#, 503, "invalid argument for --log_format, got: x"),
        (#"{"log_info""#, 500, "failed to parse the request JSON buffer: "),
    ])
    func wrongLoggingSettingsChangeNothing(body: String, status: Int, message: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/logging", body)
            #expect(answer.status == status)
            #expect(answer.error?.hasPrefix(message) == true)
            #expect(try await server.get("/v2/logging").text == Self.defaults)
        }
    }

    @Test func settingsTakeGetAndPostAlone() async throws {
        try await TestServer.run { server in
            for path in ["/v2/logging", "/v2/trace/setting", "/v2/models/ident/trace/setting"] {
                let answer = try await server.send(.PUT, path)
                #expect(answer.status == 405)
                #expect(answer.headers.first(name: "allow") == "GET, POST")
            }
            for path in ["/v2/repository/index", "/v2/systemsharedmemory/unregister"] {
                #expect(try await server.get(path).status == 405)
            }
            #expect(try await server.post("/v2/systemsharedmemory/status", "").status == 405)
        }
    }

    @Test func repositoryListsWhatIsLoaded() async throws {
        try await TestServer.run { server in
            let index = try await server.post("/v2/repository/index", "")
            #expect(
                index.text
                    == #"[{"name":"ident","version":"1","state":"READY"},{"name":"passthrough","version":"1","state":"READY"},{"name":"single","version":"1","state":"READY"}]"#)
            #expect(try await server.post("/v2/repository/index", #"{"ready":true}"#).text == index.text)
        }
    }

    @Test(arguments: [
        ("/v2/repository/index", #"{"ready":1}"#, 500, "attempt to access JSON non-boolean as boolean"),
        ("/v2/repository/models/nope/load", "", 500, "failed to load 'nope', failed to poll from model repository"),
        ("/v2/repository/models/nope/load", #"{"parameters":{"config":1}}"#, 500, "attempt to access JSON non-string as string"),
        ("/v2/repository/models/nope/load", #"{"parameters":{"file:1/m":"%"}}"#, 400, "failed to decode base64 of the load parameter 'file:1/m'"),
        ("/v2/repository/foo/models/ident/load", "", 501, "'repository_name' specification is not supported"),
        ("/v2/repository/foo/index", "", 501, "'repository_name' specification is not supported"),
        (
            "/v2/repository/models/ident/unload", #"{"parameters":{"unload_dependents":1}}"#, 500,
            "Unable to parse 'unload_dependents': attempt to access JSON non-boolean as boolean"
        ),
    ])
    func wrongRepositoryRequests(path: String, body: String, status: Int, message: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.post(path, body)
            #expect(answer.status == status)
            #expect(answer.error == message)
        }
    }

    @Test func unloadOfAnUnknownModelIsNoError() async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/repository/models/nope/unload", "")
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
            #expect(answer.headers.first(name: "content-type") == "application/json")
        }
    }

    @Test func sharedMemoryRegionsComeAndGo() async throws {
        let key = "/needletail-endpoint-\(getpid())"
        let descriptor = shm_open(key, O_CREAT | O_RDWR, 0o600)
        defer {
            close(descriptor)
            shm_unlink(key)
        }
        try #require(ftruncate(descriptor, 64) == 0)
        try await TestServer.run { server in
            let register = "/v2/systemsharedmemory/region/r1/register"
            let body = #"{"key":"\#(key)","offset":0,"byte_size":64}"#
            #expect(try await server.get("/v2/systemsharedmemory/status").text == "[]")
            let registered = try await server.post(register, body)
            #expect(registered.status == 200)
            #expect(registered.body.isEmpty)
            let again = try await server.post(register, body)
            #expect(again.status == 400)
            #expect(again.error == "shared memory region 'r1' already in manager")
            let status = #"[{"name":"r1","key":"\#(key)","offset":0,"byte_size":64}]"#
            #expect(try await server.get("/v2/systemsharedmemory/status").text == status)
            #expect(try await server.get("/v2/systemsharedmemory/region/r1/status").text == status)
            #expect(try await server.post("/v2/systemsharedmemory/region/r1/unregister", "").status == 200)
            #expect(try await server.get("/v2/systemsharedmemory/status").text == "[]")
            #expect(try await server.post("/v2/systemsharedmemory/unregister", "").status == 200)
        }
    }

    @Test(arguments: [
        ("system", "region/r1/register", "{}", 400, "Shared memory register request has no 'key' field"),
        ("system", "region/r1/register", #"{"key":"/nope"}"#, 400, "Shared memory register request has no 'byte_size' field"),
        ("system", "region/r1/register", #"{"key":"/nope","byte_size":8}"#, 500, "Unable to open shared memory region: '/nope'"),
        ("system", "region/r1/register", #"{"key":1,"byte_size":8}"#, 500, "attempt to access JSON non-string as string"),
        (
            "system", "region/r1/register", #"{"key":"/nope","byte_size":-8}"#, 500,
            "attempt to access JSON non-unsigned-integer as unsigned-integer"
        ),
        ("system", "register", "{}", 400, "'region name' is necessary to register system shared memory region"),
        (
            "cuda", "region/c/register", #"{"raw_handle":{"b64":"AA=="},"device_id":0,"byte_size":8}"#, 400,
            "'raw_handle' must be a valid base64 encoded cudaIpcMemHandle_t"
        ),
        (
            "cuda", "region/c/register",
            #"{"raw_handle":{"b64":"\#(String(repeating: "A", count: 86))=="},"device_id":0,"byte_size":8}"#, 400,
            "failed to register CUDA shared memory region: 'c', GPUs not supported"
        ),
        ("cuda", "region/c/register", "{}", 400, "Shared memory register request has no 'raw_handle' field"),
    ])
    func wrongRegistrations(kind: String, path: String, body: String, status: Int, message: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/\(kind)sharedmemory/\(path)", body)
            #expect(answer.status == status)
            #expect(answer.error == message)
        }
    }

    @Test func unknownRegionsHaveNoStatus() async throws {
        try await TestServer.run { server in
            let system = try await server.get("/v2/systemsharedmemory/region/zz/status")
            #expect(system.status == 404)
            #expect(system.error == "Unable to find system shared memory region: 'zz'")
            let cuda = try await server.get("/v2/cudasharedmemory/region/zz/status")
            #expect(cuda.status == 404)
            #expect(try await server.get("/v2/cudasharedmemory/status").text == "[]")
            #expect(try await server.post("/v2/cudasharedmemory/unregister", "").status == 200)
        }
    }
}
