internal import ArgumentParser

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension ConfigurationFile {
    /// The long names of a subcommand's flags, each with whether it takes a value, from the parser's own description.
    static func flagNames(of subcommand: String) throws -> [String: Bool] {
        let commands = Needletail.configuration.subcommands
        guard let command = commands.first(where: { ($0.configuration.commandName ?? "") == subcommand }) else { return [:] }
        let description = try JSONDecoder().decode(ToolDescription.self, from: Data(command._dumpHelp().utf8))
        var names: [String: Bool] = [:]
        for argument in description.command.arguments ?? [] {
            for name in argument.names ?? [] where name.kind == "long" {
                names[name.name] = argument.kind == "option"
            }
        }
        names["help"] = nil
        names["version"] = nil
        return names
    }

    /// The part of the parser's `--experimental-dump-help` JSON that is needed here.
    private struct ToolDescription: Decodable {
        struct Command: Decodable { var arguments: [Argument]? }
        struct Argument: Decodable {
            var kind: String
            var names: [Name]?
        }
        struct Name: Decodable {
            var kind: String
            var name: String
        }
        var command: Command
    }
}
