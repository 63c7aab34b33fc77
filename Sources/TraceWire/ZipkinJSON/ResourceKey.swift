/// Tells the attributes of a resource from those of a span, where a format mixes them.
enum ResourceKey {
    /// The key belongs to the resource by OpenTelemetry's semantic conventions for resources.
    static func contains(_ key: String) -> Bool {
        // Most keys are ruled out by their first letter.
        guard let first = key.utf8.first, firstBytes.contains(first) else { return false }
        return keys.contains(key) || prefixes.contains { key.hasPrefix($0) }
    }

    /// Name spaces in which all attributes describe a resource.
    private static let prefixes = [
        "service.", "telemetry.", "host.", "os.", "process.", "container.", "k8s.", "cloud.", "deployment.", "device.", "webengine.",
        "aws.ecs.", "aws.eks.", "aws.log.", "gcp.cloud_run.", "gcp.gce.", "heroku.", "openshift.", "browser.",
    ]

    /// `faas.` has attributes of both kinds.
    private static let keys: Set<String> = ["faas.id", "faas.instance", "faas.max_memory", "faas.name", "faas.version"]

    private static let firstBytes = Set((prefixes + keys).compactMap(\.utf8.first))
}
