internal import ArgumentParser

/// Checks of port numbers given on the command line.
enum PortCheck {
    /// - Throws: `ValidationError` for a number that is no port, and for one port given to two listeners.
    static func validate(_ ports: [(flag: String, port: Int)]) throws {
        var users: [Int: String] = [:]
        for (flag, port) in ports {
            guard (0...65535).contains(port) else {
                throw ValidationError("--\(flag) must be between 0 and 65535 (0 lets the system choose), got \(port).")
            }
            if port != 0, let other = users.updateValue(flag, forKey: port) {
                throw ValidationError("--\(other) and --\(flag) are both \(port). Give each listener a port of its own.")
            }
        }
    }
}
