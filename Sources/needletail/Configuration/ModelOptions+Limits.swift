internal import ArgumentParser
internal import Inference
internal import NeedletailServing

/// From flags to what all models share: the response cache and the rate limiter.
extension ModelOptions {
    /// Bytes of the response cache; 0: none.
    ///
    /// - Throws: `ValidationError` that names the flag.
    func responseCacheSize() throws -> Int {
        var size = responseCacheByteSize ?? 0
        for word in cacheConfig {
            let parts = word.split(separator: ",", maxSplits: 1).map(String.init)
            guard parts.count == 2, let equals = parts[1].firstIndex(of: "=") else {
                throw ValidationError("--cache-config option format is '<cache name>,<setting>=<value>'. Got \(word)")
            }
            guard parts[0] == "local" else { throw ValidationError("--cache-config \(word): there is the cache 'local' only.") }
            let (name, value) = (parts[1][..<equals], parts[1][parts[1].index(after: equals)...])
            guard name == "size" else { throw ValidationError("--cache-config \(word): 'local' has the setting 'size' only.") }
            guard let bytes = Int(value), bytes >= 0 else {
                throw ValidationError("--cache-config \(word): 'size' is a number of bytes, got '\(value)'.")
            }
            size = bytes
        }
        guard size >= 0 else { throw ValidationError("--response-cache-byte-size must be 0 or more bytes, got \(size).") }
        return size
    }

    /// `nil`: executions are not limited.
    ///
    /// - Throws: `ValidationError` that names the flag.
    func rateLimitConfiguration() throws -> ServerConfiguration.RateLimit? {
        var limit = ServerConfiguration.RateLimit()
        for word in rateLimitResource {
            // name:count, name:count:device or name:count:global.
            let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard (2...3).contains(parts.count), !parts[0].isEmpty, let count = Int(parts[1]), count >= 0 else {
                throw ValidationError("--rate-limit-resource option format is '<name>:<count>' or '<name>:<count>:global'. Got \(word)")
            }
            if parts.count == 3, parts[2] == "global" {
                limit.globalResources[parts[0]] = count
            } else {
                guard parts.count == 2 || Int(parts[2]) != nil else {
                    throw ValidationError("--rate-limit-resource \(word): the device is a number or 'global', got '\(parts[2])'.")
                }
                limit.resources[parts[0]] = count
            }
        }
        guard rateLimit == .executionCount else {
            guard rateLimitResource.isEmpty else {
                throw ValidationError("--rate-limit-resource counts only with --rate-limit=execution_count.")
            }
            return nil
        }
        return limit
    }
}
