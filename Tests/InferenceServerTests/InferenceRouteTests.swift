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
    ]

    @Test(arguments: known.indices) func knownPaths(index: Int) {
        #expect(InferenceRoute(path: Self.known[index].path)?.target == Self.known[index].target)
    }

    @Test(arguments: [
        "", "/", "v2", "/v2/", "/v1", "/v2/health", "/v2/health/", "/v2/health/live/", "/v2/health/x", "/v2/models", "/v2/models/", "/v2/models//infer",
        "/v2/models/m/", "/v2/models/m/infer/", "/v2/models/m/infer/x", "/v2/models/m/versions", "/v2/models/m/versions/", "/v2/models/m/versions/x",
        "/v2/models/m/versions/0", "/v2/models/m/versions/-1", "/v2/models/m/versions/+1", "/v2/models/m/versions/1/", "/v2/models/m/x", "/v2x", "?",
    ])
    func otherPaths(path: String) {
        #expect(InferenceRoute(path: path) == nil)
    }
}
