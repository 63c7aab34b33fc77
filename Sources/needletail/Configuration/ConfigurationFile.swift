internal import ArgumentParser
internal import Yams

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Settings from YAML: the keys are the names of the flags, without dashes in front.
///
/// A mapping of scalars, and of lists for flags that may be repeated:
///
///     http-port: 8000
///     trace-config:
///       - level=TIMESTAMPS
///       - rate=1
enum ConfigurationFile {
    static let flag = "--config"

    /// Puts the settings of the file that `--config` names before the other arguments, so that flags win.
    ///
    /// - Throws: `ValidationError` that names the file, the line and the key.
    static func expand(_ arguments: [String]) throws -> [String] {
        guard let path = try path(in: arguments) else { return arguments }
        guard let subcommand = arguments.first, !subcommand.hasPrefix("-") else {
            throw ValidationError("\(flag) goes after the subcommand, as in: needletail up \(flag) \(path)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path): cannot read the configuration file. Check the path and its permissions.")
        }
        let given = Set(arguments.compactMap(flagName))
        let settings = try settings(yaml: String(decoding: data, as: UTF8.self), path: path, known: flagNames(of: subcommand))
        return [subcommand] + settings.filter { !given.contains($0.name) }.flatMap(\.arguments) + arguments.dropFirst()
    }

    struct Setting: Equatable {
        var name: String
        var arguments: [String]
    }

    /// Reads the settings of one file.
    ///
    /// - Parameter known: The flags of the subcommand: name and whether it takes a value.
    static func settings(yaml: String, path: String, known: [String: Bool]) throws -> [Setting] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw ValidationError("\(path): is not valid YAML: \(error)")
        }
        guard let root else { return [] }
        guard let mapping = root.mapping else {
            throw ValidationError("\(path): expected lines of 'name: value', got \(kind(of: root)).")
        }
        return try mapping.map { key, value in
            let name = key.string ?? ""
            let place = "\(path):\(key.mark?.line ?? 1)"
            guard let takesValue = known[name], name != "config" else {
                throw ValidationError("\(place): unknown setting '\(name)'. Known settings: \(known.keys.filter { $0 != "config" }.sorted().joined(separator: ", ")).")
            }
            return Setting(name: name, arguments: try self.arguments(name: name, takesValue: takesValue, value: value, place: place))
        }
    }

    private static func arguments(name: String, takesValue: Bool, value: Node, place: String) throws -> [String] {
        guard takesValue else {
            guard let on = value.bool else {
                throw ValidationError("\(place): '\(name)' is true or false, got \(kind(of: value)).")
            }
            return on ? ["--\(name)"] : []
        }
        let values = value.sequence.map(Array.init) ?? [value]
        return try values.flatMap { element in
            guard let text = element.scalar?.string else {
                throw ValidationError("\(place): '\(name)' takes a value or a list of values, got \(kind(of: element)).")
            }
            return ["--\(name)=\(text)"]
        }
    }

    private static func kind(of node: Node) -> String {
        switch node {
        case .scalar(let scalar): "'\(scalar.string)'"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    private static func flagName(_ argument: String) -> String? {
        guard argument.hasPrefix("--") else { return nil }
        return String(argument.dropFirst(2).prefix { $0 != "=" })
    }

    private static func path(in arguments: [String]) throws -> String? {
        var path: String?
        for (index, argument) in arguments.enumerated() {
            if argument.hasPrefix("\(flag)=") {
                path = String(argument.dropFirst(flag.count + 1))
            } else if argument == flag {
                guard index + 1 < arguments.count else { throw ValidationError("\(flag) needs the path of a YAML file.") }
                path = arguments[index + 1]
            }
        }
        return path
    }
}
