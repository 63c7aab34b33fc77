/// The version of this library, as it appears in `telemetry.sdk.version` and in the exporter's user agent.
public enum NeedletailTracingVersion {
    public static let current = "0.1.0"
}
