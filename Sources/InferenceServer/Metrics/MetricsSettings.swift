/// Which metrics are told, in the words of Triton's `--metrics-config`.
public struct MetricsSettings: Hashable, Sendable {
    /// `nv_inference_…_duration_us`: how long requests took together.
    public var tellsCounterLatencies = true
    /// `nv_inference_…_histogram_ms`.
    public var tellsHistogramLatencies = true
    /// What is asked for and cannot be had; for people.
    public private(set) var notices: [String] = []

    public init() {}

    /// Reads words as `counter_latencies=false`.
    ///
    /// - Throws: ``FrontEndSettingError`` for another form, an unknown setting or a value that is no boolean.
    public init(_ words: [String]) throws {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, !parts[0].contains(",") else {
                throw FrontEndSettingError("--metrics-config option format is <setting>=<value>. Got \(word)")
            }
            switch parts[0] {
            case "counter_latencies": tellsCounterLatencies = try Self.flag(parts[1], of: word)
            case "histogram_latencies": tellsHistogramLatencies = try Self.flag(parts[1], of: word)
            case "summary_latencies":
                if try Self.flag(parts[1], of: word) { notices.append(Self.noSummaries) }
            case "summary_quantiles":
                break
            default:
                throw FrontEndSettingError(
                    "--metrics-config \(word): there is no setting '\(parts[0])'; there are counter_latencies, histogram_latencies, summary_latencies and summary_quantiles"
                )
            }
        }
    }

    private static let noSummaries =
        "--metrics-config summary_latencies: summaries are not made; the histograms (histogram_latencies) give quantiles, also over several servers"

    private static func flag(_ text: String, of word: String) throws(FrontEndSettingError) -> Bool {
        switch text.lowercased() {
        case "true", "1", "on": true
        case "false", "0", "off": false
        default: throw FrontEndSettingError("--metrics-config \(word): expected true or false, got '\(text)'")
        }
    }
}
