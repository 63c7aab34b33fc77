import Foundation
import Inference
import Synchronization
import Testing

@testable import Inference

/// A backend for tests: gives the text of the version's file `model.txt`; `broken` in it is a model that cannot be loaded.
private struct TextFactory: BackendFactory {
    let backendNames: Set<String> = ["text"]
    let modelFilenames: Set<String> = [".txt"]
    let unloaded = Unloaded()

    final class Unloaded: Sendable {
        let texts = Mutex<[String]>([])
    }

    struct Backend: ModelBackend {
        let text: String
        let unloaded: Unloaded

        func load() async throws {
            if text.contains("broken") { throw InferenceError(.internal, "the model is broken") }
        }

        func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
            try batch.requests.map { _ in .success(["OUT": try Tensor(strings: [text])]) }
        }

        func unload() async { unloaded.texts.withLock { $0.append(text) } }
    }

    func complete(_ definition: ModelDefinition, location: ModelLocation) async throws(InferenceError) -> ModelDefinition {
        var definition = definition
        definition.backendName = "text"
        if definition.inputs.isEmpty { definition.inputs = [TensorSpecification("IN", Float.self, shape: [1])] }
        if definition.outputs.isEmpty { definition.outputs = [TensorSpecification(name: "OUT", dataType: .bytes, shape: [1])] }
        return definition
    }

    func backend(for definition: ModelDefinition, location: ModelLocation) throws(InferenceError) -> any ModelBackend {
        let path = "\(location.versionDirectory)/model.txt"
        guard let data = FileManager.default.contents(atPath: path) else { throw InferenceError(.invalidArgument, "there is no '\(path)'") }
        return Backend(text: String(decoding: data, as: UTF8.self), unloaded: unloaded)
    }
}

@Suite final class ModelRepositoryTests {
    private let folder: String
    private let factory = TextFactory()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("repository-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ path: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func core(_ mode: RepositoryConfiguration.ControlMode = .explicit, directories: [String] = [""]) -> InferenceCore {
        let configuration = RepositoryConfiguration(directories: directories.map { "\(folder)/\($0)" }, mode: mode)
        return InferenceCore(tracer: nil, logging: LoggingSettings(), repository: configuration, backends: [factory])
    }

    private func answer(_ core: InferenceCore, _ name: String, version: Int? = nil) async throws -> String {
        var timestamps = RequestTimestamps.now()
        let model = try core.registry.model(named: name, version: version)
        let request = UncheckedRequest(inputs: ["IN": try Tensor([Float(1)])])
        return try await core.infer(request, model: model, decision: nil, timestamps: &timestamps).outputs.get().require("OUT").strings()[0]
    }

    private func index(_ core: InferenceCore) -> [String] {
        core.repository.index(readyOnly: false).map { "\($0.name) \($0.version) \($0.state?.rawValue ?? "-") \($0.reason)" }
    }

    private func failure(_ body: () async throws -> Void) async -> InferenceError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? InferenceError
        }
    }

    @Test func loadsWithoutAConfigurationAndUnloads() async throws {
        try write("m/1/model.txt", "one")
        let core = core()
        #expect(index(core) == ["m  - "])
        try await core.repository.load("m")
        #expect(try await answer(core, "m") == "one")
        #expect(index(core) == ["m 1 READY "])
        try await core.repository.unload("m")
        #expect(index(core) == ["m 1 UNAVAILABLE unloaded"])
        #expect(factory.unloaded.texts.withLock { $0 } == ["one"])
        #expect(await failure { _ = try await self.answer(core, "m") }?.message == "Request for unknown model: 'm' has no available versions")
        #expect(await failure { _ = try await self.answer(core, "m", version: 1) }?.message == "Request for unknown model: 'm' version 1 is not at ready state")
        #expect(await failure { _ = try await self.answer(core, "m", version: 7) }?.message == "Request for unknown model: 'm' version 7 is not found")
    }

    @Test func versionPoliciesSayWhatIsServed() async throws {
        for version in [1, 2, 10] { try write("m/\(version)/model.txt", "v\(version)") }
        let core = core()
        try await core.repository.load("m")
        #expect(core.registry.versions(named: "m").map(\.definition.version) == [10])
        try write("m/config.pbtxt", "version_policy { all {} }")
        try await core.repository.load("m")
        #expect(try await answer(core, "m") == "v10")
        #expect(try await answer(core, "m", version: 2) == "v2")
        try write("m/config.pbtxt", "version_policy { specific { versions: [ 1, 5 ] } }")
        try await core.repository.load("m")
        #expect(try await answer(core, "m") == "v1")
        #expect(index(core) == ["m 1 READY ", "m 2 UNAVAILABLE unloaded", "m 10 UNAVAILABLE unloaded"])
    }

    @Test func aFailedLoadLeavesTheOldOne() async throws {
        try write("m/1/model.txt", "good")
        let core = core()
        try await core.repository.load("m")
        try write("m/1/model.txt", "broken")
        let error = await failure { try await core.repository.load("m") }
        #expect(error == InferenceError(.invalidArgument, "load failed for model 'm': version 1 is at UNAVAILABLE state: the model is broken;"))
        #expect(try await answer(core, "m") == "good")
        #expect(index(core) == ["m 1 READY the model is broken"])
        try write("m/1/model.txt", "better")
        try await core.repository.load("m")
        #expect(try await answer(core, "m") == "better")
        #expect(index(core) == ["m 1 READY "])
    }

    @Test func overridesReplaceConfigurationAndFiles() async throws {
        try write("m/1/model.txt", "from the folder")
        let core = core()
        try await core.repository.load("m", overrides: .init(configuration: #"{"parameters": {"a": {"string_value": "b"}}}"#))
        #expect(try core.registry.model(named: "m", version: nil).definition.parameters == ["a": "b"])
        #expect(try await answer(core, "m") == "from the folder")
        try await core.repository.load("m", overrides: .init(configuration: "{}", files: ["3/model.txt": Array("sent".utf8)]))
        #expect(try await answer(core, "m", version: 3) == "sent")
        #expect(await failure { try await core.repository.load("m", overrides: .init(configuration: nil, files: ["1/a": []])) }?.message
            == "Load parameter 'config' must be specified for model file override")
        for path in ["../x", "/x", "a//b", ""] {
            let error = await failure { try await core.repository.load("m", overrides: .init(configuration: "{}", files: [path: []])) }
            #expect(error?.message.contains("must stay within the model directory") == true, "\(path)")
        }
        #expect(await failure { try await core.repository.load("m", overrides: .init(configuration: "{")) }?.message
            .hasPrefix("failed to load 'm', failed to poll from model repository") == true)
    }

    @Test func whatCannotBeLoadedSaysWhy() async throws {
        try write("a/empty/1/x.bin", "")
        try write("a/none/readme", "")
        try write("a/twice/1/model.txt", "")
        try write("b/twice/1/model.txt", "")
        try write("a/foreign/config.pbtxt", "backend: \"tensorrt\"")
        try write("a/foreign/1/model.plan", "")
        let core = core(directories: ["a", "b"])
        for (name, text) in [
            ("nope", "failed to load 'nope', failed to poll from model repository"),
            ("twice", "model appears in two or more repositories"),
            ("none", "at least one version must be available under the version policy of model 'none'"),
            ("foreign", "unable to find the backend 'tensorrt' for model 'foreign'; this server has: ensemble, text"),
            ("empty", "load failed for model 'empty'"),
            ("../a", "must not contain path traversal characters"),
        ] {
            #expect(await failure { try await core.repository.load(name) }?.message.contains(text) == true, "\(name)")
        }
        #expect(index(core).contains("twice  UNAVAILABLE model appears in two or more repositories"))
        #expect(await failure { try await core.repository.unload("nope") } == nil)
    }

    @Test func clientsMayNotLoadWhenFoldersDecide() async throws {
        let core = core(.none)
        let text = "explicit model load / unload is not allowed if polling is enabled"
        #expect(await failure { try await core.repository.load("m") } == InferenceError(.unavailable, text))
        #expect(await failure { try await core.repository.unload("m") } == InferenceError(.unavailable, text))
    }

    @Test func pollingFollowsTheFolders() async throws {
        try write("m/1/model.txt", "old")
        let core = core(.poll(every: .seconds(3600)))
        await core.repository.poll()
        #expect(try await answer(core, "m") == "old")
        try write("m/1/model.txt", "newer")
        try write("n/1/model.txt", "other")
        await core.repository.poll()
        #expect(try await answer(core, "m") == "newer")
        #expect(try await answer(core, "n") == "other")
        try FileManager.default.removeItem(atPath: "\(folder)/m")
        await core.repository.poll()
        #expect(core.registry.versions(named: "m").isEmpty)
        #expect(try await answer(core, "n") == "other")
    }

    @Test func ensemblesGoAndComeWithTheirMembers() async throws {
        try write("m/1/model.txt", "member")
        try write("ens/config.pbtxt", """
            platform: "ensemble"
            input { name: "IN" data_type: TYPE_FP32 dims: 1 }
            output { name: "RESULT" data_type: TYPE_STRING dims: 1 }
            ensemble_scheduling { step { model_name: "m" model_version: -1 input_map { key: "IN" value: "IN" } output_map { key: "OUT" value: "RESULT" } } }
            """)
        let core = core()
        try await core.repository.load("ens")
        #expect(index(core) == ["ens 1 READY ", "m 1 READY "])
        try await core.repository.unload("m")
        #expect(index(core) == ["ens 1 UNAVAILABLE unloaded", "m 1 UNAVAILABLE unloaded"])
        try await core.repository.load("m")
        #expect(index(core) == ["ens 1 READY ", "m 1 READY "])
        try await core.repository.unload("ens", unloadsDependents: true)
        #expect(index(core) == ["ens 1 UNAVAILABLE unloaded", "m 1 UNAVAILABLE unloaded"])
        try write("m/1/model.txt", "broken")
        #expect(await failure { try await core.repository.load("ens") }?.message.contains("depends on 'm' which has no loaded version") == true)
    }
}
