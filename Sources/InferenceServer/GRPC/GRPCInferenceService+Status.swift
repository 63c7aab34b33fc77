internal import GRPCCore
internal import Inference
internal import ProtobufCoding

/// Health, metadata, configuration and statistics.
extension GRPCInferenceService {
    func registerStatus<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        register("ServerLive", .health, with: &router) { _ in ProtobufWriter.message { $0.flag(1, true) } }
        register("ServerReady", .health, with: &router) { [self] _ in
            let isReady = core.isReady && !isStopping
            return ProtobufWriter.message { $0.flag(1, isReady) }
        }
        register("ModelReady", .health, with: &router) { [self] bytes in
            let request = try ModelRequest(bytes, "ModelReadyRequest")
            let version = try Self.version(request.version)
            let isReady = (try? core.registry.model(named: request.name, version: version))?.isReady ?? false
            return ProtobufWriter.message { $0.flag(1, isReady) }
        }
        register("ServerMetadata", .metadata, with: &router) { _ in
            ProtobufWriter.message { writer in
                writer.text(1, ServerMetadata.name)
                writer.text(2, ServerMetadata.version)
                writer.texts(3, ServerMetadata.extensions)
            }
        }
        register("ModelMetadata", .metadata, with: &router) { [self] bytes in
            let request = try ModelRequest(bytes, "ModelMetadataRequest")
            let definition = try model(request.name, request.version).definition
            let versions = core.registry.versions(named: definition.name).map(\.definition.version)
            return ModelMetadataMessage.bytes(definition, versions: request.version.isEmpty ? versions : [definition.version])
        }
        register("ModelConfig", .modelConfig, with: &router) { [self] bytes in
            let request = try ModelRequest(bytes, "ModelConfigRequest")
            return ModelConfigMessage.response(try model(request.name, request.version).definition)
        }
        register("ModelStatistics", .statistics, with: &router) { [self] bytes in
            let request = try ModelRequest(bytes, "ModelStatisticsRequest")
            return StatisticsMessage.bytes(try modelsForStatistics(request))
        }
    }

    private func modelsForStatistics(_ request: ModelRequest) throws(InferenceError) -> [LoadedModel] {
        if request.name.isEmpty { return core.registry.all }
        let version = try Self.version(request.version)
        guard let model = try? core.registry.model(named: request.name, version: version) else {
            let text = version.map { "requested model version \($0) is not available for model '\(request.name)'" }
            throw InferenceError(.invalidArgument, text ?? "requested model '\(request.name)' is not available")
        }
        return [model]
    }
}

/// The messages that name a model: `{ 1 name string, 2 version string }`.
struct ModelRequest {
    var name = ""
    var version = ""

    init(_ bytes: [UInt8], _ schema: StaticString) throws(MessageError) {
        try MessageCursor.read(bytes, schema) { (cursor, tag) throws(MessageError) in
            switch tag {
            case 1 << 3 | 2: name = try cursor.text()
            case 2 << 3 | 2: version = try cursor.text()
            default: try cursor.skip(tag)
            }
        }
    }
}

/// `ModelMetadataResponse { 1 name string, 2 versions repeated string, 3 platform string, 4 inputs repeated TensorMetadata,
/// 5 outputs repeated TensorMetadata }`, `TensorMetadata { 1 name string, 2 datatype string, 3 shape repeated int64 }`
enum ModelMetadataMessage {
    /// - Parameter versions: all that are served, the oldest first.
    static func bytes(_ model: ModelDefinition, versions: [Int]) -> [UInt8] {
        ProtobufWriter.message { writer in
            writer.text(1, model.name)
            writer.texts(2, versions.map(String.init))
            writer.text(3, model.platform.isEmpty ? model.backendName : model.platform)
            for (field, tensors) in [(4, model.inputs), (5, model.outputs)] {
                for tensor in tensors {
                    writer.message(field) { writer in
                        writer.text(1, tensor.name)
                        writer.text(2, tensor.dataType.rawValue)
                        writer.packed(3, tensor.fullShape(batching: model.isBatching))
                    }
                }
            }
        }
    }
}

/// `ModelStatisticsResponse { 1 model_stats repeated ModelStatistics }`, `ModelStatistics { 1 name string, 2 version string,
/// 3 last_inference uint64, 4 inference_count uint64, 5 execution_count uint64, 6 inference_stats InferStatistics,
/// 7 batch_stats repeated InferBatchStatistics, 9 response_stats map<string, InferResponseStatistics> }`
enum StatisticsMessage {
    static func bytes(_ models: [LoadedModel]) -> [UInt8] {
        ProtobufWriter.message(reserving: 512 * models.count) { writer in
            for model in models { writer.message(1) { write(model, to: &$0) } }
        }
    }

    private static func write(_ model: LoadedModel, to writer: inout ProtobufWriter) {
        let statistics = model.scheduler.statistics
        writer.text(1, model.definition.name)
        writer.text(2, model.versionText)
        writer.number(3, statistics.lastInference)
        writer.number(4, statistics.inferenceCount)
        writer.number(5, statistics.executionCount)
        writer.message(6) { writer in
            write(1, statistics.success, to: &writer)
            write(2, statistics.fail, to: &writer)
            write(3, statistics.queue, to: &writer)
            write(4, statistics.computeInput, to: &writer)
            write(5, statistics.computeInfer, to: &writer)
            write(6, statistics.computeOutput, to: &writer)
            write(7, statistics.cacheHit, to: &writer)
            write(8, statistics.cacheMiss, to: &writer)
        }
        for (size, batch) in statistics.batches.sorted(by: { $0.key < $1.key }) {
            writer.message(7) { writer in
                writer.number(1, size)
                write(2, batch.computeInput, to: &writer)
                write(3, batch.computeInfer, to: &writer)
                write(4, batch.computeOutput, to: &writer)
            }
        }
        // A map: entries of 1 key string, 2 value InferResponseStatistics.
        for (index, response) in statistics.responses.sorted(by: { $0.key < $1.key }) {
            writer.message(9) { writer in
                writer.text(1, String(index))
                writer.message(2) { writer in
                    write(1, response.computeInfer, to: &writer)
                    write(2, response.computeOutput, to: &writer)
                    write(3, response.success, to: &writer)
                    write(4, response.fail, to: &writer)
                    write(5, response.emptyResponse, to: &writer)
                    write(6, response.cancel, to: &writer)
                }
            }
        }
    }

    /// `StatisticDuration { 1 count uint64, 2 ns uint64 }`
    private static func write(_ field: Int, _ duration: ModelStatistics.Duration, to writer: inout ProtobufWriter) {
        writer.message(field) { writer in
            writer.number(1, duration.count)
            writer.number(2, duration.nanoseconds)
        }
    }
}
