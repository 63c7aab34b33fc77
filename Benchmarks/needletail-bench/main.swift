internal import Foundation

/// needletail-bench: the measurements that need Swift. `make bench` runs them all and writes Benchmarks/README.md.
let usage = """
    needletail-bench span
    needletail-bench traceql [--spans 1000000]
    needletail-bench comparison [--traces 100000]
    needletail-bench generator
    needletail-bench echo-floor --port N
    needletail-bench grpc-echo-floor --port N
    needletail-bench floor [--folder needletail-bench-floor]
    needletail-bench store [--spans 10000000] [--folder needletail-bench-store]
    needletail-bench ingest --port N [--encoding protobuf|json|zipkin|grpc] [--spans 1000] [--attributes 10] [--connections 4]
                            [--seconds 8] [--requests 2000]
    """

/// Values of `--name value` pairs.
struct Options {
    var values: [String: String] = [:]

    init(_ arguments: ArraySlice<String>) throws {
        var rest = arguments
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else { throw BenchmarkFailure("\(name): expected --name value\n\(usage)") }
            values[String(name.dropFirst(2))] = value
        }
    }

    func number(_ name: String, default standard: Int? = nil) throws -> Int {
        guard let text = values[name] else {
            if let standard { return standard }
            throw BenchmarkFailure("--\(name) is missing\n\(usage)")
        }
        guard let number = Int(text), number >= 0 else { throw BenchmarkFailure("--\(name) must be a number, got \(text)") }
        return number
    }
}

func ingest(_ options: Options) async throws {
    let spans = try options.number("spans", default: 1000)
    if options.values["encoding"] == "grpc" {
        let load = GRPCIngestLoad(
            port: try options.number("port"), connections: try options.number("connections", default: 4),
            seconds: Double(try options.number("seconds", default: 8)), spansPerRequest: spans,
            attributesPerSpan: try options.number("attributes", default: 10), maximumRequests: try options.number("requests", default: 2000)
        )
        printResult(try await load.run(), spans)
        return
    }
    guard let encoding = SpanRequests.Encoding(rawValue: options.values["encoding"] ?? "protobuf") else {
        throw BenchmarkFailure("--encoding must be protobuf, json, zipkin or grpc")
    }
    let load = IngestLoad(
        port: UInt16(try options.number("port")),
        connections: try options.number("connections", default: 4),
        seconds: Double(try options.number("seconds", default: 8)),
        encoding: encoding,
        spansPerRequest: spans,
        attributesPerSpan: try options.number("attributes", default: 10),
        maximumRequests: try options.number("requests", default: 2000)
    )
    printResult(try load.run(), spans)
}

func printResult(_ result: IngestLoad.Result, _ spans: Int) {
    print(
        """
        {"requests":\(result.requests),"spans":\(result.requests * spans),"refused":\(result.refused),"bytes":\(result.bytes),\
        "seconds":\(result.seconds),"p50":\(result.percentile(0.5) * 1000),"p99":\(result.percentile(0.99) * 1000)}
        """
    )
}

/// One line for each row: its fields, separated by tabs.
func report(_ rows: [BenchmarkRow]) {
    for row in rows {
        print([row.name, BenchmarkRow.text(row.value), row.unit, row.target, row.verdict.rawValue, row.note].joined(separator: "\t"))
    }
}

do {
    let arguments = CommandLine.arguments.dropFirst()
    let options = try Options(arguments.dropFirst())
    switch arguments.first {
    case "span": report(try await SpanCostBenchmark.run() + SpanExportBenchmark.run())
    case "traceql": report(try await TraceQLBenchmark.run(spans: try options.number("spans", default: 1_000_000)))
    case "comparison": report(try await ComparisonBenchmark.run(traces: try options.number("traces", default: 100_000)))
    case "store":
        let folder = options.values["folder"] ?? "needletail-bench-store"
        report(try await StoreBenchmark(spanCount: try options.number("spans", default: 10_000_000), folder: folder).run())
    case "floor": report(try StoreBenchmark(spanCount: 0, folder: options.values["folder"] ?? "needletail-bench-floor").floors())
    case "generator": report(GeneratorBenchmark.run())
    case "echo-floor": try await EchoServer(port: try options.number("port")).run()
    case "grpc-echo-floor": try await GRPCEchoServer(port: try options.number("port")).run()
    case "ingest": try await ingest(options)
    default: throw BenchmarkFailure(usage)
    }
} catch {
    FileHandle.standardError.write(Data("needletail-bench: \(error)\n".utf8))
    exit(1)
}
