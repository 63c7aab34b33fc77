internal import ArgumentParser

/// A port number, or `off` for a listener that is not wanted.
enum OptionalPort: Hashable, ExpressibleByArgument {
    case port(Int)
    case off

    init?(argument: String) {
        if argument.lowercased() == "off" {
            self = .off
        } else if let number = Int(argument) {
            self = .port(number)
        } else {
            return nil
        }
    }

    /// `nil` when switched off.
    var number: Int? {
        switch self {
        case .port(let number): number
        case .off: nil
        }
    }

    var defaultValueDescription: String { number.map(String.init) ?? "off" }
}
