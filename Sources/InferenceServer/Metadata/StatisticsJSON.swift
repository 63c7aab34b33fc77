internal import Inference
internal import JSONCoding

/// `GET /v2/models/{model}/stats` and `/v2/models/stats`: Triton's statistics extension.
enum StatisticsJSON {
    static func reply(_ models: [LoadedModel]) -> HTTPReply {
        var writer = JSONWriter(reserving: 512 * models.count)
        writer.beginObject()
        writer.key("model_stats")
        writer.beginArray()
        for model in models { write(model, to: &writer) }
        writer.endArray()
        writer.endObject()
        return HTTPReply(json: writer)
    }

    private static func write(_ model: LoadedModel, to writer: inout JSONWriter) {
        let statistics = model.scheduler.statistics
        writer.beginObject()
        writer.key("name")
        writer.string(model.definition.name)
        writer.key("version")
        writer.string(model.versionText)
        writer.key("last_inference")
        writer.uint(statistics.lastInference)
        writer.key("inference_count")
        writer.uint(statistics.inferenceCount)
        writer.key("execution_count")
        writer.uint(statistics.executionCount)
        writer.key("inference_stats")
        writer.beginObject()
        write("success", statistics.success, to: &writer)
        write("fail", statistics.fail, to: &writer)
        write("queue", statistics.queue, to: &writer)
        write("compute_input", statistics.computeInput, to: &writer)
        write("compute_infer", statistics.computeInfer, to: &writer)
        write("compute_output", statistics.computeOutput, to: &writer)
        write("cache_hit", statistics.cacheHit, to: &writer)
        write("cache_miss", statistics.cacheMiss, to: &writer)
        writer.endObject()
        writer.key("response_stats")
        writer.beginObject()
        for (index, response) in statistics.responses.sorted(by: { $0.key < $1.key }) {
            writer.key(string: String(index))
            writer.beginObject()
            write("compute_infer", response.computeInfer, to: &writer)
            write("compute_output", response.computeOutput, to: &writer)
            write("success", response.success, to: &writer)
            write("fail", response.fail, to: &writer)
            write("empty_response", response.emptyResponse, to: &writer)
            write("cancel", response.cancel, to: &writer)
            writer.endObject()
        }
        writer.endObject()
        writer.key("batch_stats")
        writer.beginArray()
        for (size, batch) in statistics.batches.sorted(by: { $0.key < $1.key }) {
            writer.beginObject()
            writer.key("batch_size")
            writer.int(size)
            write("compute_input", batch.computeInput, to: &writer)
            write("compute_infer", batch.computeInfer, to: &writer)
            write("compute_output", batch.computeOutput, to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.key("memory_usage")
        writer.beginArray()
        writer.endArray()
        writer.endObject()
    }

    private static func write(_ key: StaticString, _ duration: ModelStatistics.Duration, to writer: inout JSONWriter) {
        writer.key(key)
        writer.beginObject()
        writer.key("count")
        writer.uint(duration.count)
        writer.key("ns")
        writer.uint(duration.nanoseconds)
        writer.endObject()
    }
}
