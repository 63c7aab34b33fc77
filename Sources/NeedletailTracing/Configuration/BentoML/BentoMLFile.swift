/// The tracing of one BentoML configuration file.
///
/// The block is `tracing:`, `api_server.tracing:`, `services.tracing:` (all services) or `services.<name>.tracing:` (one, on
/// top of the others). Everything else in the file belongs to BentoML and is not looked at.
struct BentoMLFile {
    var tracing: BentoMLTracing
    /// File, line and keys of the block, for notices.
    var place: String

    private struct Block {
        var reader: YAMLReader
        /// The line of the key.
        var line: Int
        var service: String?
        var tracing: BentoMLTracing

        var place: String { "\(reader.mistakes.file):\(line): \(reader.path)" }
    }

    /// Finds and reads the tracing of a document.
    ///
    /// - Parameters:
    ///   - service: whose block counts on top of the common one; it must be there, or the common one. `nil` for the only one.
    ///   - usualService: a service to take where there is a choice.
    /// - Returns: `nil` when there is no tracing block.
    /// - Throws: ``TracingConfigurationError`` with all mistakes.
    static func read(
        _ document: YAMLDocument,
        service: String?,
        usualService: String? = nil,
        variables: BentoMLVariables,
        notices: BentoMLNotices
    ) throws(TracingConfigurationError) -> BentoMLFile? {
        let mistakes = YAMLMistakes(file: document.file)
        // What BentoML reads with is YAML 1.1; variables stand in quotes as often as not.
        let dialect = YAMLDialect(allowsYesNo: true, allowsQuotes: true) { text, place in
            let expanded = variables.expand(text)
            for name in expanded.missing {
                notices.add("\(mistakes.file):\(place.line): \(place.path): environment variable \(name) is not set, so nothing stands for it.")
            }
            return expanded.text
        }
        let blocks = blocks(YAMLReader(document, mistakes: mistakes, dialect: dialect), notices: notices)
        try mistakes.throwIfAny()
        let hasUsual = blocks.contains { $0.service != nil && $0.service == usualService }
        let chosen = choose(blocks, service: service ?? (hasUsual ? usualService : nil), mistakes: mistakes, notices: notices)
        try mistakes.throwIfAny()
        return chosen
    }

    // MARK: Finding blocks

    /// Reads all blocks, also those that will not be used: a mistake is a mistake.
    private static func blocks(_ root: YAMLReader, notices: BentoMLNotices) -> [Block] {
        guard let mapping = root.mapping() else { return [] }
        let reader = BentoMLTracingReader(notices: notices)
        var blocks: [Block] = []
        func find(in mapping: YAMLMapping?, service: String?) {
            for entry in mapping?.entries ?? [] {
                if entry.key == "tracing" {
                    blocks.append(Block(reader: entry.value, line: entry.line, service: service, tracing: reader.tracing(entry.value)))
                } else if looksLikeTracing(entry) {
                    entry.value.mistakes.add(line: entry.line, path: entry.value.path, "unknown key", didYouMean: "\"tracing\"")
                }
            }
        }
        if let version = mapping["version"], let number = version.integer(), number != 1, number != 2 {
            version.mistake("\"\(number)\" is not known", expected: "1 or 2, or no version")
        }
        find(in: mapping, service: nil)
        find(in: mapping["api_server"]?.mappingIfAny, service: nil)
        let services = mapping["services"]?.mappingIfAny
        find(in: services, service: nil)
        for entry in services?.entries ?? [] where entry.key != "tracing" {
            find(in: entry.value.mappingIfAny, service: entry.key)
        }
        return blocks
    }

    /// A key that is nearly `tracing`, with something of ours in it or nothing at all.
    private static func looksLikeTracing(_ entry: YAMLMapping.Entry) -> Bool {
        guard NearName.of(entry.key, among: ["tracing"]) != nil else { return false }
        guard let mapping = entry.value.mappingIfAny else { return entry.value.isNull }
        return ["exporter_type", "type", "sample_rate", "excluded_urls", "zipkin", "jaeger", "otlp"].contains(where: mapping.contains)
    }

    // MARK: Choosing

    private static func choose(_ blocks: [Block], service: String?, mistakes: YAMLMistakes, notices: BentoMLNotices) -> BentoMLFile? {
        // A block in which nothing is set, as in a printed default, says nothing against another.
        let common = single(blocks.filter { $0.service == nil }, mistakes) {
            "says something else than \($0.reader.path) in line \($0.line); expected one of the two"
        }
        let ofServices = blocks.filter { $0.service != nil }
        let own: Block?
        if let service {
            own = ofServices.first { $0.service == service }
            if own == nil, common == nil, let other = ofServices.first {
                let known = ofServices.compactMap(\.service).joined(separator: ", ")
                mistakes.add(line: other.line, path: other.reader.path, "is not for service \(service)", expected: "a block of that service, or one of \(known) as the service")
            }
        } else if common == nil || common?.tracing.isEmpty == true {
            own = single(ofServices, mistakes) {
                "says something else than \($0.reader.path) in line \($0.line); choose a service, for instance by OTEL_SERVICE_NAME"
            }
        } else {
            own = nil
        }
        for block in ofServices where own == nil && !block.tracing.isEmpty {
            notices.add("\(block.place) is not used: \(service.map { "the service is \($0)" } ?? "no service was chosen").")
        }
        guard let first = own ?? common else { return nil }
        var tracing = first.tracing
        if let common { tracing.fill(from: common.tracing) }
        return BentoMLFile(tracing: tracing, place: first.place)
    }

    /// The one of several blocks that says something; they may repeat each other.
    private static func single(_ blocks: [Block], _ mistakes: YAMLMistakes, message: (_ first: Block) -> String) -> Block? {
        guard let first = blocks.first(where: { !$0.tracing.isEmpty }) else { return blocks.first }
        for block in blocks where !block.tracing.isEmpty && block.tracing != first.tracing {
            mistakes.add(line: block.line, path: block.reader.path, message(first))
        }
        return first
    }
}

extension YAMLReader {
    /// The mapping, where another type is none of our business.
    fileprivate var mappingIfAny: YAMLMapping? {
        if case .mapping = value.content { mapping() } else { nil }
    }
}
