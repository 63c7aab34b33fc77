internal import Glibc
package import Inference
internal import JSONCoding
package import Logging

/// Starts Python workers: which interpreter, with which package, serving what.
package final class PythonRuntime: Sendable {
    package let settings: PythonSettings
    let environment: [String: String]
    let logger: Logger
    /// Called when Python code says that the server must not go on.
    let onUnrecoverable: @Sendable (String) -> Void

    package init(
        settings: PythonSettings = PythonSettings(),
        environment: [String: String],
        logger: Logger,
        onUnrecoverable: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.settings = settings
        self.environment = environment
        self.logger = logger
        self.onUnrecoverable = onUnrecoverable
    }

    /// A model of a target as `--python` has it, `models.py:passthrough`: its workers run, and it is ready to be loaded.
    ///
    /// - Throws: why it cannot be served, for people.
    package func model(target: String) async throws(InferenceError) -> Model {
        let name = target.split(separator: "/").last.map(String.init) ?? target
        let first = try instance(Self.target(callable: target), modelName: name, index: 0)
        try await start([first], name: name)
        let definition: ModelDefinition
        do throws(InferenceError) {
            definition = try declaration(of: first, target: target)
        } catch {
            await first.stop()
            throw error
        }
        var instances = [first]
        for index in 1..<max(1, definition.instanceCount) {
            instances.append(try instance(Self.target(callable: target), modelName: definition.name, index: index))
        }
        try await start(Array(instances.dropFirst()), name: name)
        return Model(definition, backend: PythonBackend(definition, pool: WorkerPool(instances, executionsPerWorker: definition.executionsPerInstance)))
    }

    private func declaration(of instance: WorkerInstance, target: String) throws(InferenceError) -> ModelDefinition {
        guard let declaration = instance.declaration else { throw InferenceError(.internal, "the Python worker of '\(target)' declares no model") }
        let definition = try WorkerDeclaration.read(declaration)
        try definition.checkDeclaration()
        return definition
    }

    /// Starts workers and waits until they are ready; when one is not, all are stopped.
    func start(_ instances: [WorkerInstance], name: String) async throws(InferenceError) {
        do {
            for instance in instances { try instance.start() }
            for instance in instances { _ = try await instance.link() }
        } catch {
            for instance in instances { await instance.stop() }
            throw InferenceError(.internal, "\(error)")
        }
    }

    /// One worker, which is not started yet.
    func instance(_ target: JSONValue, modelName: String, index: Int) throws(InferenceError) -> WorkerInstance {
        let package = try packagePath()
        var environment = environment
        let others = environment["PYTHONPATH"].map { ":" + $0 } ?? ""
        environment["PYTHONPATH"] = package + others
        environment["PYTHONUNBUFFERED"] = "1"
        var welcome = JSONWriter()
        welcome.beginObject()
        welcome.key("version")
        welcome.int(WorkerFrame.protocolVersion)
        welcome.key("instance")
        welcome.int(index)
        welcome.key("credit")
        welcome.int(WorkerLink.responseCredit)
        welcome.key("shared_memory")
        welcome.int(settings.maxSharedMemory)
        welcome.key("server_pid")
        welcome.int(Int(getpid()))
        welcome.key("target")
        target.write(to: &welcome)
        welcome.endObject()
        let executable = settings.executable ?? PythonSettings.defaultExecutable(environment)
        return WorkerInstance(
            launch: .init(arguments: [executable, "-m", "needletail.worker"], environment: environment, welcome: welcome.finish()),
            settings: settings,
            modelName: modelName,
            index: index,
            logger: logger,
            onUnrecoverable: onUnrecoverable
        )
    }

    private static func target(callable: String) -> JSONValue { ["callable": .string(callable)] }

    /// The folder to put on Python's path.
    private func packagePath() throws(InferenceError) -> String {
        if let path = settings.packagePath ?? environment["NEEDLETAIL_PYTHON_PATH"], !path.isEmpty {
            guard access(path + "/needletail/worker.py", R_OK) == 0 else {
                throw InferenceError(.invalidArgument, "there is no Python package 'needletail' in '\(path)' (NEEDLETAIL_PYTHON_PATH): no needletail/worker.py")
            }
            return path
        }
        return try PythonPackage.shared.path(environment: environment)
    }
}
