internal import GRPCCore
internal import Inference
internal import ProtobufCoding

/// The model repository extension.
extension GRPCInferenceService {
    func registerRepository<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        register("RepositoryIndex", .modelRepository, with: &router) { [self] bytes in
            // `RepositoryIndexRequest { 1 repository_name string, 2 ready bool }`
            var isReadyOnly = false
            try MessageCursor.read(bytes, "RepositoryIndexRequest") { (cursor, tag) throws(MessageError) in
                if tag == 2 << 3 | 0 { isReadyOnly = try cursor.flag() } else { try cursor.skip(tag) }
            }
            return Self.indexMessage(core.repository.index(readyOnly: isReadyOnly))
        }
        register("RepositoryModelLoad", .modelRepository, with: &router) { [self] bytes in
            let request = try RepositoryModelRequest(bytes, "RepositoryModelLoadRequest")
            try await core.repository.load(request.modelName, overrides: try request.overrides())
            return []
        }
        register("RepositoryModelUnload", .modelRepository, with: &router) { [self] bytes in
            let request = try RepositoryModelRequest(bytes, "RepositoryModelUnloadRequest")
            try await core.repository.unload(request.modelName, unloadsDependents: try request.unloadsDependents())
            return []
        }
    }

    /// `RepositoryIndexResponse { 1 models repeated ModelIndex }`,
    /// `ModelIndex { 1 name string, 2 version string, 3 state string, 4 reason string }`
    private static func indexMessage(_ entries: [ModelRepository.IndexEntry]) -> [UInt8] {
        ProtobufWriter.message { writer in
            for entry in entries {
                writer.message(1) { writer in
                    writer.text(1, entry.name)
                    writer.text(2, entry.version)
                    writer.text(3, entry.state?.rawValue ?? "")
                    writer.text(4, entry.reason)
                }
            }
        }
    }
}

/// What asks to load or unload a model:
/// `{ 1 repository_name string, 2 model_name string, 3 parameters map<string, ModelRepositoryParameter> }`
struct RepositoryModelRequest {
    /// `ModelRepositoryParameter { oneof { 1 bool_param bool, 2 int64_param int64, 3 string_param string, 4 bytes_param bytes } }`
    enum Parameter: Hashable, Sendable {
        case bool(Bool)
        case int64(Int64)
        case string(String)
        case bytes([UInt8])
        case unset
    }

    var modelName = ""
    var parameters: [(name: String, value: Parameter)] = []

    init(_ bytes: [UInt8], _ schema: StaticString) throws(MessageError) {
        try MessageCursor.read(bytes, schema) { (cursor, tag) throws(MessageError) in
            switch tag {
            case 2 << 3 | 2: modelName = try cursor.text()
            case 3 << 3 | 2:
                var value = Parameter.unset
                let name = try cursor.entry { (cursor, tag) throws(MessageError) in
                    switch tag {
                    case 1 << 3 | 0: value = .bool(try cursor.flag())
                    case 2 << 3 | 0: value = .int64(try cursor.int64())
                    case 3 << 3 | 2: value = .string(try cursor.text())
                    case 4 << 3 | 2: value = .bytes(Array(try cursor.bytes()))
                    default: try cursor.skip(tag)
                    }
                }
                parameters.append((name, value))
            default: try cursor.skip(tag)
            }
        }
    }

    /// The configuration and files that a load request brings along.
    func overrides() throws(InferenceError) -> ModelRepository.Overrides {
        var overrides = ModelRepository.Overrides()
        for (name, value) in parameters {
            switch (name, value) {
            case ("config", .string(let text)): overrides.configuration = text
            case ("config", _): throw wrongType(name, expected: "string_param")
            case (_, .bytes(let content)) where name.hasPrefix("file:"): overrides.files[String(name.dropFirst("file:".count))] = content
            case _ where name.hasPrefix("file:"): throw wrongType(name, expected: "bytes_param")
            default:
                throw InferenceError(.invalidArgument, "unrecognized parameter '\(name)' of the load request; known are 'config' and 'file:<path>'")
            }
        }
        return overrides
    }

    /// Models that an ensemble is made of are unloaded with it.
    func unloadsDependents() throws(InferenceError) -> Bool {
        guard let value = parameters.last(where: { $0.name == "unload_dependents" })?.value else { return false }
        guard case .bool(let flag) = value else { throw wrongType("unload_dependents", expected: "bool_param") }
        return flag
    }

    private func wrongType(_ name: String, expected: String) -> InferenceError {
        InferenceError(.invalidArgument, "invalid value type for '\(name)' parameter, expected \(expected).")
    }
}
