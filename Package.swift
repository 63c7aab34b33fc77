// swift-tools-version: 6.2
import PackageDescription

/// Third-party products, named once.
enum Product {
    static let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
    static let instrumentation: Target.Dependency = .product(name: "Instrumentation", package: "swift-distributed-tracing")
    static let serviceContext: Target.Dependency = .product(name: "ServiceContextModule", package: "swift-service-context")
    static let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
    static let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
    static let metricsTestKit: Target.Dependency = .product(name: "MetricsTestKit", package: "swift-metrics")
    static let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
    static let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
    static let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
    static let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
    static let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
    static let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
    static let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
    static let grpcCore: Target.Dependency = .product(name: "GRPCCore", package: "grpc-swift-2")
    static let grpcNIO: Target.Dependency = .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
    static let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
    static let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
    static let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
}

/// The Python package's files, one by one: Python leaves compiled ones beside them.
let pythonFiles = [
    "__init__.py",
    "callables.py",
    "declaring.py",
    "decorators.py",
    "exceptions.py",
    "model_config.py",
    "proxy/telemetry.py",
    "proxy/types.py",
    "session.py",
    "spans.py",
    "triton.py",
    "tritonpython.py",
    "validators.py",
    "wire.py",
    "worker.py",
]

let package = Package(
    name: "needletail",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "needletail", targets: ["needletail"]),
        // With the values of its API: `import TraceModel` for `Attribute`, `TraceContext` and `Resource`.
        .library(name: "NeedletailTracing", targets: ["NeedletailTracing", "TraceModel"]),
        .library(name: "NeedletailTracingHummingbird", targets: ["NeedletailTracingHummingbird"]),
        .library(name: "NeedletailTracingGRPC", targets: ["NeedletailTracingGRPC"]),
        .library(name: "NeedletailTracingHTTPClient", targets: ["NeedletailTracingHTTPClient"]),
        .library(name: "NeedletailTracingLogging", targets: ["NeedletailTracingLogging"]),
        .library(name: "NeedletailServing", targets: ["NeedletailServing"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-service-context", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    ],
    targets: [
        // System libraries, from Debian by name.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // Pure foundations: no I/O.
        .target(name: "JSONCoding"),
        .target(name: "ProtobufCoding"),
        .target(name: "Compression", dependencies: ["CZlib", "CZstd"]),
        .target(name: "TraceModel"),
        .target(name: "TraceWire", dependencies: ["TraceModel", "JSONCoding", "ProtobufCoding", "Compression"]),

        // The tracing SDK.
        .target(
            name: "NeedletailTracing",
            dependencies: [
                "TraceModel", "TraceWire", "Compression", "JSONCoding",
                Product.tracing, Product.instrumentation, Product.serviceContext, Product.logging, Product.metrics, Product.lifecycle,
                Product.unixSignals, Product.nioCore, Product.nioPosix, Product.nioHTTP1, Product.nioSSL, Product.httpClient,
                Product.grpcCore, Product.grpcNIO, Product.yams,
            ]
        ),

        // Batteries of the SDK: each brings the framework it is for, and nothing else.
        .target(name: "TracingConventions", dependencies: ["TraceModel"]),
        .target(
            name: "NeedletailTracingHummingbird",
            dependencies: [
                "NeedletailTracing", "TracingConventions", "TraceModel", Product.hummingbird, Product.httpTypes, Product.nioCore,
                Product.tracing, Product.instrumentation, Product.serviceContext,
            ]
        ),
        .target(
            name: "NeedletailTracingGRPC",
            dependencies: [
                "NeedletailTracing", "TracingConventions", "TraceModel", Product.grpcCore, Product.tracing, Product.instrumentation,
                Product.serviceContext,
            ]
        ),
        .target(
            name: "NeedletailTracingHTTPClient",
            dependencies: [
                "NeedletailTracing", "TracingConventions", "TraceModel", Product.httpClient, Product.nioCore, Product.nioHTTP1, Product.tracing,
                Product.instrumentation, Product.serviceContext, Product.logging,
            ]
        ),
        .target(
            name: "NeedletailTracingLogging",
            dependencies: ["NeedletailTracing", "TraceModel", Product.logging, Product.serviceContext]
        ),

        // The trace back end.
        .target(name: "TraceStore", dependencies: ["TraceModel"]),
        .target(
            name: "TraceStoreSQLite",
            dependencies: ["TraceStore", "TraceModel", "TraceWire", "Compression", "CSQLite", Product.logging]
        ),
        .target(name: "TraceSamples", dependencies: ["TraceModel"]),
        .target(name: "TraceQuery", dependencies: ["TraceModel", "TraceStore", "JSONCoding"]),
        .target(
            name: "TraceCollector",
            dependencies: [
                "TraceModel", "TraceWire", "TraceStore", "NeedletailTracing", "PrometheusMetrics", "Compression", "JSONCoding", "ProtobufCoding",
                "CSQLite", Product.hummingbird, Product.httpTypes, Product.nioCore, Product.nioPosix, Product.logging, Product.lifecycle,
                Product.grpcCore, Product.grpcNIO, Product.httpClient, Product.nioHTTP1, Product.yams, Product.crypto,
            ]
        ),
        .target(
            name: "TraceStudio",
            dependencies: [
                "TraceModel", "TraceWire", "TraceStore", "TraceQuery", "TraceSamples", "TraceCollector", "NeedletailTracing", "PrometheusMetrics",
                "Compression", "JSONCoding", "ProtobufCoding", Product.hummingbird, Product.httpTypes, Product.nioCore, Product.logging,
                Product.lifecycle, Product.grpcCore, Product.grpcNIO,
            ],
            resources: [.embedInCode("Web")]
        ),

        // The inference server.
        .target(
            name: "Inference",
            dependencies: [
                "TraceModel", "NeedletailTracing", "JSONCoding",
                Product.tracing, Product.serviceContext, Product.logging,
            ]
        ),
        // Types of OpenVINO's C interface; the library itself is loaded at run time.
        .target(name: "COpenVINO"),
        .target(
            name: "InferenceBackends",
            dependencies: [
                "COpenVINO", "Inference", "TraceModel", "TraceWire", "NeedletailTracing", "JSONCoding",
                Product.nioCore, Product.nioPosix, Product.logging, Product.lifecycle, Product.serviceContext, Product.tracing,
            ],
            resources: pythonFiles.map { .embedInCode("PythonPackage/\($0)") }
        ),
        .target(name: "PrometheusMetrics", dependencies: [Product.metrics]),
        .target(
            name: "InferenceServer",
            dependencies: [
                "Inference", "TraceModel", "TraceWire", "PrometheusMetrics", "NeedletailTracing", "JSONCoding", "ProtobufCoding", "Compression",
                Product.hummingbirdCore, Product.httpTypes, Product.nioCore, Product.nioHTTP1, Product.nioPosix, Product.logging,
                Product.lifecycle, Product.grpcCore, Product.grpcNIO, Product.metrics,
            ]
        ),
        .target(
            name: "NeedletailServing",
            dependencies: [
                "Inference", "InferenceServer", "InferenceBackends", "PrometheusMetrics", Product.metrics, "NeedletailTracing", "TraceModel", Product.logging, Product.lifecycle, Product.unixSignals,
                Product.instrumentation,
            ]
        ),

        // The program.
        .executableTarget(
            name: "needletail",
            dependencies: [
                "TraceModel", "TraceWire", "NeedletailTracing", "TraceStore", "TraceStoreSQLite", "TraceQuery", "TraceCollector", "TraceStudio",
                "PrometheusMetrics", "JSONCoding", "Compression", Product.httpClient, Product.nioHTTP1,
                "Inference", "InferenceServer", "InferenceBackends", "NeedletailServing",
                Product.argumentParser, Product.yams, Product.logging, Product.lifecycle, Product.unixSignals, Product.tracing,
                Product.instrumentation, Product.nioCore, Product.nioPosix,
            ]
        ),
        .target(name: "CAllocationCounter", path: "Benchmarks/CAllocationCounter"),
        .executableTarget(
            name: "needletail-bench",
            dependencies: [
                "CAllocationCounter", "TraceModel", "TraceWire", "NeedletailTracing", "TraceStore", "TraceStoreSQLite", "TraceQuery", "TraceCollector",
                "Compression", "JSONCoding", "CSQLite",
                Product.tracing, Product.instrumentation, Product.serviceContext, Product.hummingbird, Product.logging, Product.nioCore,
                Product.httpClient, Product.lifecycle, Product.grpcCore, Product.grpcNIO,
            ],
            path: "Benchmarks/needletail-bench"
        ),
        // What the journeys send spans with, through every exporter.
        .executableTarget(
            name: "needletail-span-sender",
            dependencies: [
                "NeedletailTracing", "TraceModel", Product.tracing, Product.instrumentation, Product.serviceContext, Product.logging,
                Product.lifecycle,
            ],
            path: "journeys/span-sender"
        ),
        // Models that the journeys ask.
        .executableTarget(
            name: "needletail-model-server",
            dependencies: ["NeedletailServing", "Inference", Product.logging],
            path: "journeys/model-server"
        ),

        // Requests with callers' contexts, and a check of every span that comes of them.
        .executableTarget(
            name: "needletail-traced-load",
            dependencies: [
                "TraceModel", "TraceWire", Product.httpClient, Product.hummingbird, Product.grpcCore, Product.grpcNIO, Product.logging,
                Product.nioCore, Product.nioHTTP1,
            ],
            path: "journeys/traced-load"
        ),

        // Examples: programs to read and to start with `make example`.
        .executableTarget(
            name: "example-storefront",
            dependencies: [
                "NeedletailTracing", "NeedletailTracingHummingbird", "NeedletailTracingHTTPClient", "NeedletailTracingLogging", "TraceModel",
                Product.hummingbird, Product.httpClient, Product.httpTypes, Product.logging, Product.lifecycle, Product.unixSignals,
                Product.tracing, Product.nioCore, Product.nioHTTP1,
            ],
            path: "Examples/TwoServices/Storefront"
        ),
        .executableTarget(
            name: "example-inventory",
            dependencies: [
                "NeedletailTracing", "NeedletailTracingHummingbird", "NeedletailTracingLogging", "TraceModel", Product.hummingbird, Product.logging,
                Product.lifecycle, Product.unixSignals, Product.tracing, Product.nioCore,
            ],
            path: "Examples/TwoServices/Inventory"
        ),

        // Tests mirror Sources.
        // What feeds decoders and parsers with damaged input (`make test-fuzz`). The program sees internals: its release build needs -enable-testing.
        .target(name: "FuzzSupport", dependencies: ["TraceModel", "TraceWire", "JSONCoding"], path: "Tests/FuzzSupport"),
        .executableTarget(
            name: "needletail-fuzz", dependencies: ["FuzzSupport", "TraceModel", "TraceStore", "TraceQuery", "TraceCollector"], path: "Tests/needletail-fuzz"),
        .testTarget(name: "JSONCodingTests", dependencies: ["JSONCoding"]),
        .testTarget(name: "ProtobufCodingTests", dependencies: ["ProtobufCoding"]),
        .testTarget(name: "CompressionTests", dependencies: ["Compression"]),
        .testTarget(name: "TraceModelTests", dependencies: ["TraceModel"]),
        .testTarget(name: "TraceWireTests", dependencies: ["TraceWire", "TraceModel", "JSONCoding", "Compression", "FuzzSupport"]),
        .testTarget(
            name: "NeedletailTracingTests",
            dependencies: [
                "NeedletailTracing", "TraceModel", "TraceWire", "Compression", "JSONCoding", Product.tracing, Product.instrumentation,
                Product.serviceContext, Product.logging, Product.lifecycle, Product.unixSignals, Product.hummingbird, Product.nioCore, Product.nioPosix,
                Product.nioHTTP1, Product.nioSSL, Product.httpTypes, Product.metrics, Product.metricsTestKit, Product.grpcCore, Product.grpcNIO,
            ]
        ),
        .testTarget(name: "TracingConventionsTests", dependencies: ["TracingConventions", "TraceModel"]),
        .testTarget(
            name: "NeedletailTracingHummingbirdTests",
            dependencies: [
                "NeedletailTracingHummingbird", "NeedletailTracing", "TraceModel", Product.hummingbird, Product.hummingbirdTesting,
                Product.httpTypes, Product.nioCore, Product.tracing, Product.serviceContext,
            ]
        ),
        .testTarget(
            name: "NeedletailTracingGRPCTests",
            dependencies: [
                "NeedletailTracingGRPC", "NeedletailTracing", "TraceModel", Product.grpcCore, Product.grpcNIO, Product.tracing,
                Product.serviceContext,
            ]
        ),
        .testTarget(
            name: "NeedletailTracingHTTPClientTests",
            dependencies: [
                "NeedletailTracingHTTPClient", "NeedletailTracingHummingbird", "NeedletailTracing", "TraceModel", Product.httpClient,
                Product.hummingbird, Product.hummingbirdTesting, Product.httpTypes,
                Product.nioCore, Product.nioHTTP1, Product.tracing, Product.serviceContext, Product.logging,
            ]
        ),
        .testTarget(
            name: "NeedletailTracingLoggingTests",
            dependencies: ["NeedletailTracingLogging", "NeedletailTracing", "TraceModel", Product.logging, Product.serviceContext, Product.tracing]
        ),
        .testTarget(name: "TraceStoreTests", dependencies: ["TraceStore", "TraceModel"]),
        .testTarget(name: "TraceStoreSQLiteTests", dependencies: ["TraceStoreSQLite", "TraceStore", "TraceModel", "TraceWire", "CSQLite", Product.logging]),
        .testTarget(name: "TraceSamplesTests", dependencies: ["TraceSamples", "TraceModel"]),
        .testTarget(name: "TraceQueryTests", dependencies: ["TraceQuery", "TraceModel", "TraceStore", "TraceWire", "JSONCoding"]),
        .testTarget(
            name: "TraceCollectorTests",
            dependencies: [
                "TraceCollector", "TraceStore", "TraceModel", "TraceWire", "PrometheusMetrics", "JSONCoding", "ProtobufCoding", "Compression",
                "NeedletailTracing", "CSQLite", Product.yams, Product.httpClient, Product.nioHTTP1, Product.hummingbird, Product.hummingbirdTesting,
                Product.httpTypes, Product.nioCore, Product.nioPosix, Product.grpcCore, Product.grpcNIO, Product.logging, Product.lifecycle,
            ]
        ),
        .testTarget(
            name: "TraceStudioTests",
            dependencies: [
                "TraceStudio", "TraceStore", "TraceModel", "TraceWire", "TraceQuery", "TraceCollector", "PrometheusMetrics", "JSONCoding",
                "ProtobufCoding", "Compression", Product.hummingbird, Product.hummingbirdTesting, Product.httpTypes, Product.nioCore, Product.logging,
                Product.grpcCore, Product.grpcNIO, Product.lifecycle,
            ]
        ),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Inference", "NeedletailTracing", "TraceModel", "JSONCoding", Product.tracing, Product.serviceContext, Product.logging]
        ),
        .testTarget(
            name: "InferenceBackendsTests",
            dependencies: [
                "InferenceBackends", "Inference", "NeedletailTracing", "TraceModel", "JSONCoding", Product.logging, Product.nioCore, Product.nioPosix,
            ]
        ),
        .testTarget(name: "PrometheusMetricsTests", dependencies: ["PrometheusMetrics", Product.metrics]),
        .testTarget(
            name: "InferenceServerTests",
            dependencies: [
                "InferenceServer", "Inference", "NeedletailTracing", "TraceModel", "JSONCoding", "ProtobufCoding", "Compression", "PrometheusMetrics",
                Product.grpcCore, Product.grpcNIO, Product.metrics,
                Product.httpClient, Product.nioCore, Product.nioHTTP1, Product.nioPosix, Product.logging, Product.lifecycle,
                Product.serviceContext,
            ]
        ),
        .testTarget(
            name: "NeedletailServingTests",
            dependencies: [
                "NeedletailServing", "NeedletailTracing", "TraceModel", "TraceCollector", "TraceStore", Product.httpClient, Product.nioCore, Product.nioHTTP1, Product.logging,
                Product.lifecycle, Product.tracing,
            ]
        ),
        .testTarget(
            name: "needletailTests",
            dependencies: [
                "needletail", "NeedletailServing", "TraceWire", "TraceStore", "TraceStoreSQLite", "TraceQuery", "TraceCollector", "JSONCoding", Product.logging, "TraceModel", "Inference", "InferenceServer", Product.argumentParser, Product.nioCore,
                Product.nioPosix,
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// One set of language features for every target.
for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
}
