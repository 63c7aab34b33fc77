internal import JSONCoding
internal import TraceModel
internal import TraceSamples

/// What was planted in sample traces, as JSON; times of day are text, nanoseconds since the Unix epoch.
enum SampleTruthJSON {
    static func body(of truth: SampleTruth) -> [UInt8] {
        JSONWriter.document(reserving: 1 << 16) { writer in
            writer.time("from", truth.start)
            writer.time("to", truth.end)
            writer.field("traceCount", truth.traceCount)
            writer.field("spanCount", truth.spanCount)
            writer.object("band") {
                $0.time("from", truth.band.start)
                $0.time("to", truth.band.end)
                $0.field("host", truth.band.host)
                $0.field("client", truth.band.client)
                $0.field("batchSize", truth.band.batchSize)
            }
            writer.object("version") {
                $0.field("model", truth.version.model)
                $0.field("slower", truth.version.slower)
                $0.field("faster", truth.version.faster)
                $0.field("ratio", truth.version.ratio)
            }
            if let stall = truth.stall {
                writer.object("stall") {
                    $0.field("traceID", "\(stall.trace)")
                    $0.field("durationNano", stall.duration)
                    $0.field("afterToken", stall.afterToken)
                }
            }
            writer.object("sampled") {
                $0.field("service", truth.sampledService)
                $0.field("weight", truth.sampledWeight)
            }
            writer.ids("coldTraces", truth.coldTraces)
            writer.object("failures") { writer in
                for (name, count) in truth.failures.sorted(by: { $0.key < $1.key }) {
                    writer.key(string: name)
                    writer.int(count)
                }
            }
            writer.array("executions", truth.executions) { writer, sum in
                writer.object {
                    $0.field("service", sum.service)
                    $0.field("model", sum.model)
                    $0.field("version", sum.version)
                    $0.field("count", sum.count)
                    $0.field("members", sum.members)
                    $0.field("busyNano", sum.busy)
                    $0.field("instances", sum.instances)
                }
            }
            writer.array("batches", truth.batches) { writer, batch in
                writer.object {
                    $0.field("service", batch.service)
                    $0.field("model", batch.model)
                    $0.field("version", batch.version)
                    $0.array("members", batch.members) { writer, member in
                        writer.object {
                            $0.field("traceID", "\(member.trace)")
                            $0.field("spanID", "\(member.span)")
                        }
                    }
                }
            }
        }
    }
}
