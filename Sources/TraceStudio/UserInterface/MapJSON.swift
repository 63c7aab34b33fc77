internal import JSONCoding
internal import TraceQuery

/// The service and model map.
enum MapJSON {
    /// A map of what a query finds reads each trace again; more than so many are left out.
    static let maximumFilteredTraces = 1_000

    /// - Parameters:
    ///   - from: From when on traces are in the map: rates are over the time since then.
    ///   - matched: Traces that the query lets through; there may be more than are in the map.
    static func body(_ map: ServiceMap, _ question: WindowAPI.Question, from: UInt64, matched: Int) -> [UInt8] {
        let window = question.window
        let seconds = Double(window.startTime.upperBound - min(from, window.startTime.upperBound)) / 1e9
        return JSONWriter.document { writer in
            WindowAPI.writeScope(question, to: &writer)
            writer.field("matched", matched)
            write(map, seconds: seconds, to: &writer)
        }
    }

    /// - Parameter seconds: For rates; `nil` for a single trace.
    static func write(_ map: ServiceMap, seconds: Double?, to writer: inout JSONWriter) {
        writer.field("traces", map.traceCount)
        writer.field("leftOut", map.leftOut)
        writer.array("nodes", map.nodes) { writer, node in
            writer.object { writer in
                writer.field("name", node.name)
                writer.field("kind", node.kind)
                writer.field("inferred", node.isInferred)
                writer.field("spans", node.spans)
                writer.field("requests", node.requests)
                writer.field("errors", node.errors)
                if let seconds, seconds > 0 { writer.field("rate", node.requests / seconds) }
                writer.sketch("duration", node.durations)
                writer.array("models", node.models) { writer, model in
                    writer.object {
                        $0.field("name", model.name)
                        $0.field("version", nonEmpty: model.version)
                        $0.field("count", model.count)
                        $0.field("errors", model.errors)
                        $0.sketch("duration", model.durations)
                    }
                }
            }
        }
        writer.array("edges", map.edges) { writer, edge in
            writer.object { writer in
                writer.field("caller", edge.caller)
                writer.field("callee", edge.callee)
                writer.field("inferred", edge.isInferred)
                writer.field("count", edge.count)
                writer.field("errors", edge.errors)
                if let seconds, seconds > 0 { writer.field("rate", edge.count / seconds) }
                if edge.client.count > 0 { writer.sketch("client", edge.client) }
                if edge.server.count > 0 { writer.sketch("server", edge.server) }
                if edge.network.count > 0 {
                    writer.sketch("network", edge.network)
                    writer.field("clamped", edge.clamped)
                }
            }
        }
    }
}

extension JSONWriter {
    mutating func sketch(_ name: StaticString, _ sketch: DurationSketch) {
        key(name)
        self.sketch(sketch)
    }

    /// Nanoseconds; only `n` without values.
    mutating func sketch(_ sketch: DurationSketch) {
        object { writer in
            writer.field("n", sketch.count)
            writer.field("samples", sketch.sampleCount)
            writer.field("mean", sketch.mean)
            guard let values = sketch.quantiles([0.5, 0.95, 0.99]) else { return }
            writer.field("p50", values[0])
            writer.field("p95", values[1])
            writer.field("p99", values[2])
            writer.field("max", sketch.maximum)
        }
    }

    /// Values and their weights, for drawing.
    mutating func points(_ sketch: DurationSketch) {
        array("points", sketch.points) { writer, point in
            writer.beginArray()
            writer.uint(point.value)
            writer.number(point.weight)
            writer.endArray()
        }
    }
}
