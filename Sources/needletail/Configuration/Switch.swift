internal import ArgumentParser

/// A flag with a value, as Triton has them: `true`, `false`, `1`, `0`, `on`, `off`.
struct Switch: ExpressibleByArgument, Hashable, Sendable {
    var isOn: Bool

    init(_ isOn: Bool) { self.isOn = isOn }

    init?(argument: String) {
        switch argument.lowercased() {
        case "true", "on", "yes": isOn = true
        case "false", "off", "no": isOn = false
        default:
            guard let number = Int(argument) else { return nil }
            isOn = number != 0
        }
    }

    var defaultValueDescription: String { isOn ? "true" : "false" }

    static var allValueStrings: [String] { ["true", "false"] }
}
