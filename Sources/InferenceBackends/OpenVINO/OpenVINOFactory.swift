#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
package import Inference
package import Logging
internal import NIOPosix
internal import Synchronization

/// Models that OpenVINO executes in this process: ONNX, OpenVINO's own IR, TensorFlow, TensorFlow Lite, Paddle.
package struct OpenVINOFactory: BackendFactory {
    /// How the words of Triton's other backends are understood.
    private static let aliases = [
        "openvino": "openvino", "onnxruntime": "onnxruntime", "onnxruntime_onnx": "onnxruntime", "tensorflow": "tensorflow",
        "tensorflow_savedmodel": "tensorflow", "tensorflow_graphdef": "tensorflow", "tensorflowlite": "tensorflowlite", "tflite": "tensorflowlite",
    ]

    package let backendNames = Set(OpenVINOFactory.aliases.keys)
    package let modelFilenames: Set<String> = [".onnx", ".xml", ".tflite", ".savedmodel", ".pb", ".pdmodel"]

    private let runtime: OpenVINORuntime
    private let configuration: RepositoryConfiguration
    private let logger: Logger
    private let told = Told()

    package init(_ configuration: RepositoryConfiguration = RepositoryConfiguration(), environment: [String: String], logger: Logger) {
        runtime = OpenVINORuntime(locator: OpenVINOLocator(directory: configuration.backendDirectory, environment: environment))
        self.configuration = configuration
        self.logger = logger
    }

    package func complete(_ definition: ModelDefinition, location: ModelLocation) async throws(InferenceError) -> ModelDefinition {
        var definition = definition
        let path = try modelPath(&definition, location: location)
        tellAlias(definition)
        let completion = OpenVINOCompletion(definition: definition, defaultMaxBatchSize: configuration.defaultMaxBatchSize)
        // Reading a large model takes seconds, which the threads of Swift's tasks must not be blocked for.
        let result: Result<ModelDefinition, InferenceError>
        do {
            result = try await NIOThreadPool.singleton.runIfActive { [runtime] in
                Result { () throws(InferenceError) in
                    let loaded = try runtime.get()
                    return try completion.complete(from: OpenVINOModel(path: path, runtime: loaded))
                }
            }
        } catch {
            throw InferenceError(.cancelled, "the server is stopping")
        }
        return try result.get()
    }

    package func backend(for definition: ModelDefinition, location: ModelLocation) throws(InferenceError) -> any ModelBackend {
        var definition = definition
        let path = try modelPath(&definition, location: location)
        let settings = ["", "openvino", definition.backendName].compactMap { configuration.backendSettings[$0] }
        let defaults = settings.reduce(into: [:]) { $0.merge($1) { $1 } }
        return OpenVINOBackend(definition: definition, path: path, defaults: defaults, runtime: runtime)
    }

    /// The model's file, found when the configuration does not name it.
    private func modelPath(_ definition: inout ModelDefinition, location: ModelLocation) throws(InferenceError) -> String {
        func path(_ name: String) -> String { "\(location.versionDirectory)/\(name)" }
        let word = definition.backendName.isEmpty ? definition.platform : definition.backendName
        if definition.defaultModelFilename.isEmpty {
            definition.defaultModelFilename = try findModel(in: location.versionDirectory, backend: word)
        }
        guard FileManager.default.fileExists(atPath: path(definition.defaultModelFilename)) else {
            throw InferenceError(.invalidArgument, "there is no model file '\(path(definition.defaultModelFilename))'")
        }
        if definition.backendName.isEmpty {
            let byPlatform = Self.aliases[definition.platform]
            definition.backendName = byPlatform ?? (definition.defaultModelFilename.hasSuffix(".onnx") ? "onnxruntime" : "openvino")
        }
        if definition.platform.isEmpty, definition.backendName == "onnxruntime" { definition.platform = "onnxruntime_onnx" }
        return path(definition.defaultModelFilename)
    }

    private func findModel(in directory: String, backend: String) throws(InferenceError) -> String {
        let usual = backend.hasPrefix("onnxruntime") ? ["model.onnx"] : backend == "openvino" ? ["model.xml", "model.onnx"] : []
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
        if let name = usual.first(where: names.contains) { return name }
        if let name = names.first(where: { name in modelFilenames.contains { name.hasSuffix($0) } }) { return name }
        throw InferenceError(
            .invalidArgument,
            "there is no model in '\(directory)': expected a file that ends with \(modelFilenames.sorted().joined(separator: ", ")), found \(names.isEmpty ? "nothing" : names.joined(separator: ", "))"
        )
    }

    /// Says once for each word that OpenVINO does its work.
    private func tellAlias(_ definition: ModelDefinition) {
        let name = definition.backendName
        guard name != "openvino", told.names.withLock({ $0.insert(name).inserted }) else { return }
        logger.notice("Models of the backend '\(name)' are executed by OpenVINO; the first is '\(definition.name)'")
    }

    private final class Told: Sendable {
        let names = Mutex<Set<String>>([])
    }
}
