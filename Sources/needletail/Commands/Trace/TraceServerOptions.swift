internal import ArgumentParser
internal import TraceModel

/// Which back end is asked.
struct TraceServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The back end: its page and query API. (default: $NEEDLETAIL_URL, else http://127.0.0.1:\(DefaultPort.query))", valueName: "url"))
    var url: TraceServerAddress?

    @Option(
        help: ArgumentHelp(
            "Its Tempo API, for TraceQL. (default: $NEEDLETAIL_TEMPO_URL, else port \(DefaultPort.tempo) of the same machine)", valueName: "url"))
    var tempoUrl: TraceServerAddress?

    @Option(help: "Seconds to wait for an answer.")
    var timeout: Int = 60

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout must be 1 to 86400 seconds, got \(timeout).") }
        for name in ["NEEDLETAIL_URL", "NEEDLETAIL_TEMPO_URL"] where url == nil {
            guard let text = TraceServerAddress.environment(name), TraceServerAddress(argument: text) == nil else { continue }
            throw ValidationError("$\(name) must be a URL such as http://127.0.0.1:\(DefaultPort.query), got '\(DisplayText.escaped(text))'.")
        }
    }

    var address: TraceServerAddress {
        url ?? TraceServerAddress.fromEnvironment("NEEDLETAIL_URL") ?? .local(DefaultPort.query)
    }

    var tempo: TraceServerAddress {
        tempoUrl ?? TraceServerAddress.fromEnvironment("NEEDLETAIL_TEMPO_URL") ?? address.atPort(DefaultPort.tempo)
    }
}

/// How answers are printed.
struct TerminalOptions: ParsableArguments {
    @Option(help: "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.")
    var color: TerminalStyle.Colour = .auto

    var style: TerminalStyle { .standardOutput(color) }
}
