package import Inference
package import Logging
internal import NeedletailTracing
internal import ServiceLifecycle

/// The models of `--python`: starts their workers, serves them, and ends the workers when the server stops.
package final class PythonModels: Service {
    private let targets: [String]
    private let core: InferenceCore
    private let runtime: PythonRuntime
    private let fatal: AsyncStream<String>

    /// - Parameter targets: `file.py:callable` or `module:callable`.
    package init(targets: [String], core: InferenceCore, settings: PythonSettings, environment: [String: String], logger: Logger) {
        self.targets = targets
        self.core = core
        core.expect(models: targets.count)
        // One is enough: the first ends the server.
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
        fatal = stream
        runtime = PythonRuntime(settings: settings, environment: environment, logger: logger) { continuation.yield($0) }
    }

    package func run() async throws {
        let models = try await start()
        do {
            for model in models { try core.loadExpected(model) }
            try await waitForEnd()
        } catch {
            await stop(models)
            throw error
        }
        await stop(models)
    }

    private func start() async throws -> [Model] {
        try await withThrowingTaskGroup(of: (Int, Model).self) { group in
            for (index, target) in targets.enumerated() {
                group.addTask { [runtime] in (index, try await runtime.model(target: target)) }
            }
            var models: [(Int, Model)] = []
            do {
                for try await model in group { models.append(model) }
            } catch {
                group.cancelAll()
                while let other = await group.nextResult() {
                    if case .success(let model) = other { models.append(model) }
                }
                await stop(models.map(\.1))
                throw error
            }
            return models.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Waits for the server's stop.
    ///
    /// - Throws: what Python code says when the server must not go on.
    private func waitForEnd() async throws {
        try await cancelWhenGracefulShutdown { [fatal] in
            for await message in fatal { throw InferenceError(.internal, "a Python model stopped the server: \(message)") }
        }
    }

    private func stop(_ models: [Model]) async {
        await withDiscardingTaskGroup { group in
            for model in models { group.addTask { await model.backend.unload() } }
        }
    }
}
