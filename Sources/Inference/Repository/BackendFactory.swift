/// Makes the backend of a model that lies in a repository.
package protocol BackendFactory: Sendable {
    /// Names of `backend` (and of `platform`) that it serves, for example `openvino`, `onnxruntime`, `onnxruntime_onnx`.
    var backendNames: Set<String> { get }
    /// Ends of the file names by which a folder without `config.pbtxt` is known as its model, for example `.onnx`.
    var modelFilenames: Set<String> { get }
    /// Completes what the configuration leaves out (inputs, outputs, batch size) from the model itself.
    ///
    /// - Throws: why the model cannot be used, for people.
    func complete(_ definition: ModelDefinition, location: ModelLocation) async throws(InferenceError) -> ModelDefinition
    /// The backend of a complete definition; it is loaded by whoever asks.
    func backend(for definition: ModelDefinition, location: ModelLocation) throws(InferenceError) -> any ModelBackend
}

/// Where a version of a model lies.
package struct ModelLocation: Hashable, Sendable {
    /// The model's folder.
    package var modelDirectory: String
    /// The folder of the version within it.
    package var versionDirectory: String

    package init(modelDirectory: String, versionDirectory: String) {
        self.modelDirectory = modelDirectory
        self.versionDirectory = versionDirectory
    }
}
