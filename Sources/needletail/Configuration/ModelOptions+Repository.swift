internal import ArgumentParser
internal import Inference

/// From flags to the settings of the model repositories.
extension ModelOptions {
    /// - Throws: `ValidationError` that names the flag.
    func repositoryConfiguration() throws -> RepositoryConfiguration {
        let mode: RepositoryConfiguration.ControlMode =
            switch modelControlMode {
            case .none: .none
            case .poll: .poll(every: .seconds(repositoryPollSecs))
            case .explicit: .explicit
            }
        var configuration = RepositoryConfiguration(
            directories: repositories,
            mode: mode,
            modelsToLoad: loadModel,
            strict: strictModelConfig?.isOn ?? disableAutoCompleteConfig,
            exitsOnError: exitOnError?.isOn ?? true,
            maximumParallelLoads: modelLoadThreadCount
        )
        configuration.isStrictlyReady = strictReadiness.isOn
        configuration.backendDirectory = backendDirectory
        for word in backendConfig {
            let setting = try BackendSetting(word)
            if setting.backend.isEmpty, setting.name == "default-max-batch-size" {
                guard let size = Int(setting.value), size >= 0 else {
                    throw ValidationError("--backend-config \(word): default-max-batch-size is a whole number of at least 0.")
                }
                configuration.defaultMaxBatchSize = size
            } else {
                configuration.backendSettings[setting.backend, default: [:]][setting.name] = setting.value
            }
        }
        return configuration
    }

    /// One `--backend-config`: `backend,setting=value`, or `setting=value` for all.
    private struct BackendSetting {
        var backend = ""
        var name: String
        var value: String

        init(_ word: String) throws {
            var rest = word[...]
            if let comma = rest.firstIndex(of: ","), rest.firstIndex(of: "=").map({ comma < $0 }) ?? true {
                backend = String(rest[..<comma])
                rest = rest[rest.index(after: comma)...]
            }
            guard let equals = rest.firstIndex(of: "="), equals > rest.startIndex else {
                throw ValidationError("--backend-config option format is '<backend name>,<setting>=<value>'. Got \(word)")
            }
            name = String(rest[..<equals])
            value = String(rest[rest.index(after: equals)...])
        }
    }
}
