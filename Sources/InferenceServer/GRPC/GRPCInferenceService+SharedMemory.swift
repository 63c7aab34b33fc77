internal import GRPCCore
internal import Inference
internal import ProtobufCoding

/// The shared memory extensions: system memory; CUDA memory is refused, as there is no GPU.
extension GRPCInferenceService {
    func registerSharedMemory<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        register("SystemSharedMemoryStatus", .sharedMemory, with: &router) { [self] bytes in
            let name = try RegionRequest(bytes, "SystemSharedMemoryStatusRequest").name
            return Self.statusMessage(try core.sharedMemory.status(name.isEmpty ? nil : name))
        }
        register("SystemSharedMemoryRegister", .sharedMemory, with: &router) { [self] bytes in
            try core.sharedMemory.register(try RegionRequest(bytes, "SystemSharedMemoryRegisterRequest").region())
            return []
        }
        register("SystemSharedMemoryUnregister", .sharedMemory, with: &router) { [self] bytes in
            let name = try RegionRequest(bytes, "SystemSharedMemoryUnregisterRequest").name
            core.sharedMemory.unregister(name.isEmpty ? nil : name)
            return []
        }
        register("CudaSharedMemoryStatus", .sharedMemory, with: &router) { bytes in
            let name = try RegionRequest(bytes, "CudaSharedMemoryStatusRequest").name
            guard name.isEmpty else { throw InferenceError(.notFound, "Unable to find cuda shared memory region: '\(name)'") }
            return []
        }
        register("CudaSharedMemoryRegister", .sharedMemory, with: &router) { bytes in
            let name = try RegionRequest(bytes, "CudaSharedMemoryRegisterRequest").name
            throw InferenceError(.invalidArgument, "failed to register CUDA shared memory region: '\(name)', GPUs not supported")
        }
        register("CudaSharedMemoryUnregister", .sharedMemory, with: &router) { bytes in
            // An unknown region is no error, and none is known.
            _ = try RegionRequest(bytes, "CudaSharedMemoryUnregisterRequest")
            return []
        }
    }

    /// `SystemSharedMemoryStatusResponse { 1 regions map<string, RegionStatus> }`,
    /// `RegionStatus { 1 name string, 2 key string, 3 offset uint64, 4 byte_size uint64 }`
    private static func statusMessage(_ regions: [SharedMemoryRegions.Region]) -> [UInt8] {
        ProtobufWriter.message { writer in
            for region in regions {
                writer.entry(1, region.name) { writer in
                    writer.text(1, region.name)
                    writer.text(2, region.key)
                    writer.number(3, region.offset)
                    writer.number(4, region.byteSize)
                }
            }
        }
    }
}

/// The messages that name a region: `{ 1 name string, 2 key string, 3 offset uint64, 4 byte_size uint64 }`, of which all but
/// the one that registers have the name alone. Fields of CUDA's messages are of other types and so stepped over.
private struct RegionRequest {
    var name = ""
    var key = ""
    var offset: UInt64 = 0
    var byteSize: UInt64 = 0

    init(_ bytes: [UInt8], _ schema: StaticString) throws(MessageError) {
        try MessageCursor.read(bytes, schema) { (cursor, tag) throws(MessageError) in
            switch tag {
            case 1 << 3 | 2: name = try cursor.text()
            case 2 << 3 | 2: key = try cursor.text()
            case 3 << 3 | 0: offset = try cursor.varint()
            case 4 << 3 | 0: byteSize = try cursor.varint()
            default: try cursor.skip(tag)
            }
        }
    }

    func region() throws(InferenceError) -> SharedMemoryRegions.Region {
        guard let offset = Int(exactly: offset), let byteSize = Int(exactly: byteSize) else {
            throw InferenceError(.invalidArgument, "shared memory region '\(name)': offset \(offset) and byte_size \(byteSize) are beyond what can be mapped")
        }
        return SharedMemoryRegions.Region(name: name, key: key, offset: offset, byteSize: byteSize)
    }
}
