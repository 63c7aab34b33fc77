internal import Inference
internal import JSONCoding
internal import TraceWire

/// `/v2/systemsharedmemory/…` and `/v2/cudasharedmemory/…`: Triton's shared memory extensions. There is no CUDA here, so its part
/// answers as Triton does on a machine without a GPU.
enum SharedMemoryEndpoint {
    /// - Parameter body: `nil` when it is empty.
    static func answer(
        _ kind: InferenceRoute.SharedMemoryKind,
        _ action: InferenceRoute.SharedMemoryAction,
        region: String?,
        body: JSONValue?,
        regions: SharedMemoryRegions
    ) throws(InferenceError) -> HTTPReply {
        switch (kind, action) {
        case (.system, .status):
            return reply(try regions.status(region))
        case (.system, .register):
            try regions.register(try systemRegion(named: region, body))
        case (.system, .unregister):
            regions.unregister(region)
        case (.cuda, .status):
            guard let region else { return reply([]) }
            throw InferenceError(.notFound, "Unable to find cuda shared memory region: '\(region)'")
        case (.cuda, .register):
            throw try cudaFailure(region: region, body)
        case (.cuda, .unregister):
            break
        }
        return HTTPReply()
    }

    private static func reply(_ regions: [SharedMemoryRegions.Region]) -> HTTPReply {
        var writer = JSONWriter()
        writer.beginArray()
        for region in regions {
            writer.beginObject()
            writer.key("name")
            writer.string(region.name)
            writer.key("key")
            writer.string(region.key)
            writer.key("offset")
            writer.int(region.offset)
            writer.key("byte_size")
            writer.int(region.byteSize)
            writer.endObject()
        }
        writer.endArray()
        return HTTPReply(json: writer)
    }

    private static func missing(_ field: String) -> InferenceError {
        InferenceError(.invalidArgument, "Shared memory register request has no '\(field)' field")
    }

    private static func systemRegion(named name: String?, _ body: JSONValue?) throws(InferenceError) -> SharedMemoryRegions.Region {
        guard let name else { throw InferenceError(.invalidArgument, "'region name' is necessary to register system shared memory region") }
        let body = body ?? [:]
        guard let key = try body.string("key") else { throw missing("key") }
        let offset = try body.unsigned("offset") ?? 0
        guard let byteSize = try body.unsigned("byte_size") else { throw missing("byte_size") }
        return SharedMemoryRegions.Region(name: name, key: key, offset: offset, byteSize: byteSize)
    }

    /// Bytes of a `cudaIpcMemHandle_t`.
    private static let handleSize = 64

    private static func cudaFailure(region: String?, _ body: JSONValue?) throws(InferenceError) -> InferenceError {
        guard let region else { throw InferenceError(.invalidArgument, "'region name' is necessary to register cuda shared memory region") }
        guard let handle = body?["raw_handle"] else { throw missing("raw_handle") }
        guard var text = try handle.string("b64") else { throw missing("raw_handle.b64") }
        guard try body?.unsigned("byte_size") != nil else { throw missing("byte_size") }
        guard try body?.unsigned("device_id") != nil else { throw missing("device_id") }
        guard text.withUTF8({ Base64.decode($0) })?.count == handleSize else {
            return InferenceError(.invalidArgument, "'raw_handle' must be a valid base64 encoded cudaIpcMemHandle_t")
        }
        return InferenceError(.invalidArgument, "failed to register CUDA shared memory region: '\(region)', GPUs not supported")
    }
}
