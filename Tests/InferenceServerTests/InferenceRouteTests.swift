import Testing

@testable import InferenceServer

@Suite struct InferenceRouteTests {
    static let known: [(path: String, target: InferenceRoute.Target)] = [
        ("/v2", .serverMetadata), ("/v2?x=/y", .serverMetadata), ("/v2/health/live", .live), ("/v2/health/ready", .ready),
        ("/v2/models/stats", .allStatistics),
        ("/v2/models/m", .model(name: "m", version: nil, action: .metadata)),
        ("/v2/models/stats/stats", .model(name: "stats", version: nil, action: .statistics)),
        ("/v2/models/m/versions/12", .model(name: "m", version: 12, action: .metadata)),
        ("/v2/models/m/versions/1/infer", .model(name: "m", version: 1, action: .infer)),
        ("/v2/models/m/infer?a=b", .model(name: "m", version: nil, action: .infer)),
        ("/v2/models/m/generate", .model(name: "m", version: nil, action: .generate)),
        ("/v2/models/m/config", .model(name: "m", version: nil, action: .config)),
        ("/v2/models/m/ready", .model(name: "m", version: nil, action: .ready)),
        ("/v2/models/m/generate_stream", .model(name: "m", version: nil, action: .generateStream)),
        ("/v2/models/m%2Ex/versions/3/config", .model(name: "m.x", version: 3, action: .config)),
        ("/v2/logging", .logging),
        ("/v2/trace/setting", .traceSetting(model: nil)), ("/v2/models/m/trace/setting", .traceSetting(model: "m")),
        ("/v2/repository/index", .repository(.index, isNamed: false)), ("/v2/repository/r/index", .repository(.index, isNamed: true)),
        ("/v2/repository/models/m/load", .repository(.load(model: "m"), isNamed: false)),
        ("/v2/repository/models/m/unload", .repository(.unload(model: "m"), isNamed: false)),
        ("/v2/repository/r/models/m/load", .repository(.load(model: "m"), isNamed: true)),
        ("/v2/systemsharedmemory/status", .sharedMemory(.system, .status, region: nil)),
        ("/v2/systemsharedmemory/unregister", .sharedMemory(.system, .unregister, region: nil)),
        ("/v2/systemsharedmemory/region/a%20b/register", .sharedMemory(.system, .register, region: "a b")),
        ("/v2/cudasharedmemory/region/r/status", .sharedMemory(.cuda, .status, region: "r")),
    ]

    @Test(arguments: known.indices) func knownPaths(index: Int) {
        #expect(InferenceRoute(path: Self.known[index].path)?.target == Self.known[index].target)
    }

    @Test(arguments: [
        "", "/", "v2", "/v2/", "/v1", "/v2/health", "/v2/health/", "/v2/health/live/", "/v2/health/x", "/v2/models", "/v2/models/", "/v2/models//infer",
        "/v2/models/m/", "/v2/models/m/infer/", "/v2/models/m/infer/x", "/v2/models/m/versions", "/v2/models/m/versions/", "/v2/models/m/versions/x",
        "/v2/models/m/versions/0", "/v2/models/m/versions/-1", "/v2/models/m/versions/+1", "/v2/models/m/versions/1/", "/v2/models/m/x", "/v2x", "?",
        "/v2/models/m/versions/1/trace/setting", "/v2/trace", "/v2/trace/setting/", "/v2/trace/x", "/v2/logging/", "/v2/repository", "/v2/repository/models",
        "/v2/repository/models/m", "/v2/repository/models/m/x", "/v2/repository/index/", "/v2/repository//index", "/v2/systemsharedmemory",
        "/v2/systemsharedmemory/region/status", "/v2/systemsharedmemory/region//status", "/v2/systemsharedmemory/region/r/x", "/v2/models/%zz",
    ])
    func otherPaths(path: String) {
        #expect(InferenceRoute(path: path) == nil)
    }
}
