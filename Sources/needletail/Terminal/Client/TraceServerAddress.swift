#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import ArgumentParser
internal import TraceModel

/// Where a back end answers.
struct TraceServerAddress: ExpressibleByArgument, Hashable, Sendable {
    /// With scheme and without a slash at the end.
    var url: String
    private var components: URLComponents

    /// - Parameter argument: A URL; `http://` may be left out.
    init?(argument: String) {
        let text = argument.contains("://") ? argument : "http://\(argument)"
        guard let components = URLComponents(string: text), let scheme = components.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = components.host, !host.isEmpty, components.query == nil, components.fragment == nil,
            components.port.map({ (1...65535).contains($0) }) ?? true
        else { return nil }
        self.components = components
        url = text
        while url.hasSuffix("/") { url.removeLast() }
    }

    /// The same machine at another port.
    func atPort(_ port: Int) -> TraceServerAddress {
        var components = components
        components.port = port
        components.path = ""
        return components.string.flatMap(TraceServerAddress.init(argument:)) ?? self
    }

    var hasPath: Bool { !(components.path.isEmpty || components.path == "/") }

    var defaultValueDescription: String { url }

    /// The address that a variable of the environment names.
    static func fromEnvironment(_ name: String) -> TraceServerAddress? { environment(name).flatMap(TraceServerAddress.init(argument:)) }

    /// A variable of the environment that is not empty.
    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A listener on this machine.
    static func local(_ port: Int) -> TraceServerAddress {
        var components = URLComponents()
        components.scheme = "http"
        components.host = "127.0.0.1"
        components.port = port
        return TraceServerAddress(url: "http://127.0.0.1:\(port)", components: components)
    }

    private init(url: String, components: URLComponents) {
        self.url = url
        self.components = components
    }
}
