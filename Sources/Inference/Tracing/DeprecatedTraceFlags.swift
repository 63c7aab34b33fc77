/// Triton's older flags for tracing, as words of `--trace-config`.
public struct DeprecatedTraceFlags: Sendable {
    /// A flag that Triton had before `--trace-config`.
    public enum Flag: String, Hashable, Sendable, CaseIterable {
        case file = "trace-file"
        case level = "trace-level"
        case rate = "trace-rate"
        case count = "trace-count"
        case logFrequency = "trace-log-frequency"

        /// What its word begins with.
        fileprivate var setting: String {
            switch self {
            case .file: "triton,file"
            case .level: "level"
            case .rate: "rate"
            case .count: "count"
            case .logFrequency: "triton,log-frequency"
            }
        }

        fileprivate var placeholder: String {
            switch self {
            case .file: "<filepath>"
            case .level: "<OFF|TIMESTAMPS|TENSORS>"
            case .rate: "<rate value>"
            case .count: "<count value>"
            case .logFrequency: "<log frequency value>"
            }
        }

        fileprivate var whatWins: String {
            switch self {
            case .file: "filepath"
            case .level: "level"
            case .rate: "rate value"
            case .count: "count value"
            case .logFrequency: "log frequency value"
            }
        }
    }

    /// The words that the flags stand for, before those of `--trace-config`.
    public let words: [String]
    /// What is said of them, in Triton's words.
    public let warnings: [String]

    /// - Parameters:
    ///   - flags: in the order given.
    ///   - traceConfig: the words of `--trace-config`, which win.
    public init(_ flags: [(flag: Flag, value: String)], traceConfig: [String]) {
        func names(_ word: String, _ setting: String) -> Bool { word.lowercased().hasPrefix(setting + "=") }
        let isOpenTelemetry = traceConfig.last { names($0, "mode") }?.lowercased() == "mode=opentelemetry"
        var words: [String] = []
        var warnings: [String] = []
        for (flag, value) in flags {
            let name = "'--\(flag.rawValue)'"
            warnings.append(
                "\(name) has been deprecated and will be removed in future releases. Please use '--trace-config \(flag.setting)=\(flag.placeholder) instead."
            )
            if traceConfig.contains(where: { names($0, flag.setting) }) {
                warnings.append("Overriding deprecated \(name) in favor of provided \(flag.whatWins) in --trace-config!")
            } else if isOpenTelemetry, flag == .file || flag == .logFrequency {
                warnings.append("\(name) is deprecated and will be ignored with opentelemetry tracing mode.")
            } else {
                words.append("\(flag.setting)=\(value)")
            }
        }
        self.words = words
        self.warnings = warnings
    }
}
