internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/operations`: rate, errors and duration of a service, for the monitor.
extension WindowAPI {
    func operations(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let steps = try WindowRequest.integer(items, "steps", 1...500) ?? 60
        // The busiest service stands for the first look.
        let services = question.window.map.nodes.filter { !$0.isInferred }.sorted { ($1.requests, $0.name) < ($0.requests, $1.name) }
        guard let service = items.nonEmpty("service") ?? services.first?.name else {
            return JSONWriter.document { writer in
                Self.writeScope(question, to: &writer)
                writer.array("services", [String]()) { $0.string($1) }
                writer.array("operations", [String]()) { $0.string($1) }
            }
        }
        let wanted = question.isIncluded.contains(false)
            ? Set(question.isIncluded.indices.filter { question.isIncluded[$0] }.map { question.features.traceIDs[$0] }) : nil
        let window = question.window
        let metrics = try await OperationMetrics.read(
            store, service: service, startTime: window.startTime, stepCount: steps, limit: question.request.limit, wanted: wanted)
        let covered = window.startTime.upperBound - min(window.coveredFrom, window.startTime.upperBound)
        let seconds = max(Double(covered) / 1e9, 1e-9)
        return JSONWriter.document(reserving: 1 << 16) { writer in
            Self.writeScope(question, to: &writer)
            writer.field("service", service)
            writer.array("services", services) { writer, node in
                writer.object {
                    $0.field("name", node.name)
                    $0.field("requests", node.requests)
                }
            }
            writer.field("steps", steps)
            writer.field("stepNano", metrics.stepWidth)
            writer.field("leftOut", metrics.leftOut)
            writer.key("requests")
            Self.write(metrics.requests, metrics, seconds, to: &writer)
            writer.array("operations", metrics.operations) { Self.write($1, metrics, seconds, to: &$0) }
        }
    }

    private static func write(_ operation: OperationMetrics.Operation, _ metrics: OperationMetrics, _ seconds: Double, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("operation", operation.name)
            writer.field("kind", operation.kind.jaegerName)
            writer.field("calls", operation.total.calls)
            writer.field("rate", operation.total.calls / seconds)
            writer.field("errors", operation.total.errors)
            writer.field("totalNano", operation.total.durations.sum)
            writer.sketch("duration", operation.total.durations)
            if let slowest = operation.slowest { writer.field("slowest", "\(slowest)") }
            if let failed = operation.failed { writer.field("failed", "\(failed)") }
            // Only steps with calls: the others have nothing to tell.
            writer.array("series", operation.steps.sorted { $0.key < $1.key }) { writer, step in
                writer.object { writer in
                    writer.field("step", step.key)
                    writer.field("calls", step.value.calls)
                    writer.field("errors", step.value.errors)
                    guard let values = step.value.durations.quantiles([0.5, 0.95, 0.99]) else { return }
                    writer.field("p50", values[0])
                    writer.field("p95", values[1])
                    writer.field("p99", values[2])
                }
            }
        }
    }
}
