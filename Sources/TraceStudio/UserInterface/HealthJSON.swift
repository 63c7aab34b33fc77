internal import JSONCoding
internal import TraceCollector
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// What was stored and what came in, for `/api/ui/status` and `/api/ui/health`.
enum HealthJSON {
    /// - Parameter ports: Where the program listens, by listener.
    static func status(_ statistics: TraceStoreStatistics, _ ingest: IngestCounters?, ports: [String: Int]) -> [UInt8] {
        JSONWriter.document { writer in
            write(statistics, ingest, to: &writer)
            writer.object("ports") { writer in
                for (listener, port) in ports.sorted(by: { $0.key < $1.key }) {
                    writer.key(string: listener)
                    writer.int(port)
                }
            }
        }
    }

    /// - Parameter question: A window of the last minutes, for weights and skew.
    static func health(_ statistics: TraceStoreStatistics, _ ingest: IngestCounters?, _ live: LiveFeed?, _ question: WindowAPI.Question) -> [UInt8] {
        let window = question.window
        return JSONWriter.document { writer in
            WindowAPI.writeScope(question, to: &writer)
            write(statistics, ingest, to: &writer)
            if let oldest = statistics.oldestStartTime, let newest = statistics.newestStartTime { writer.field("retainedNano", newest - min(oldest, newest)) }
            writer.field("spansPerSecond", live?.spansPerSecond)
            writer.field("lateSpans", live?.lateSpans)
            if let arrivals = live?.arrivals {
                writer.object("arrivals") { writer in
                    writer.time("fromUnixNano", arrivals.start)
                    writer.array("spansByMinute", arrivals.spans) { $0.int($1) }
                }
            }
            writer.array("weights", window.honesty.entries) { writer, entry in
                writer.object {
                    $0.field("service", entry.service)
                    $0.field("weight", entry.weight.count)
                    $0.field("source", entry.weight.source.rawValue)
                    $0.field("traces", entry.traceCount)
                }
            }
            writer.field("orphanSpans", window.orphanSpans)
            writer.object("skew") {
                $0.field("hops", window.skewedHops)
                $0.field("maximumNano", window.maximumSkew)
            }
            // Running numbers of Triton's traces: what is missing between those that are here was lost, or is not in the window.
            writer.array("missingNumbers", window.missingNumbers) { writer, one in
                writer.object {
                    $0.field("service", one.server.service)
                    $0.field("server", one.server.server)
                    $0.field("seen", one.seen)
                    $0.field("missing", one.missing)
                }
            }
        }
    }

    private static func write(_ statistics: TraceStoreStatistics, _ counters: IngestCounters?, to writer: inout JSONWriter) {
        writer.object("store") { writer in
            writer.field("spanCount", statistics.spanCount)
            writer.field("traceCount", statistics.traceCount.map(Int64.init))
            writer.field("bytesOnDisk", statistics.bytesOnDisk)
            writer.field("partitionCount", statistics.partitionCount ?? 1)
            writer.field("droppedPartitionCount", statistics.droppedPartitionCount)
            writer.field("droppedSpanCount", statistics.droppedSpanCount)
            if let time = statistics.retainedSince { writer.time("retainedSinceUnixNano", time) }
            if let time = statistics.oldestStartTime { writer.time("oldestStartTimeUnixNano", time) }
            if let time = statistics.newestStartTime { writer.time("newestStartTimeUnixNano", time) }
        }
        guard let counters else { return }
        writer.object("ingest") { writer in
            for (name, value) in [
                ("receivedSpans", counters.received), ("committedSpans", counters.committed), ("rejectedSpans", counters.rejected),
                ("refusedOverloadedSpans", counters.refusedOverloaded), ("refusedStoreFailedSpans", counters.refusedStoreFailed),
                ("refusedShuttingDownSpans", counters.refusedShuttingDown), ("malformedRequests", counters.malformedRequests),
                ("droppedDatagrams", counters.droppedDatagrams), ("commits", counters.commits), ("committedBatches", counters.committedBatches),
                ("pendingSpans", UInt64(max(counters.pending, 0))),
            ] {
                writer.key(string: name)
                writer.uint(value)
            }
            writer.object("receivedSpansByProtocol") { writer in
                for spanProtocol in SpanProtocol.allCases {
                    guard let count = counters.receivedByProtocol[spanProtocol] else { continue }
                    writer.key(string: spanProtocol.rawValue)
                    writer.uint(count)
                }
            }
        }
    }
}
