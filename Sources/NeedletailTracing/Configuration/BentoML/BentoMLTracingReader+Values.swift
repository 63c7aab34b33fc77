internal import TraceModel

/// Values that are more than a number or a text.
extension BentoMLTracingReader {
    /// Text that says something; empty text counts as not set, as it comes from variables that are not set.
    func text(_ reader: YAMLReader) -> String? {
        guard let text = reader.string()?.trimmingBlanks(), !text.isEmpty else { return nil }
        return String(text)
    }

    func host(_ reader: YAMLReader) -> String? {
        guard let host = text(reader) else { return nil }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }) else {
            reader.mistake("is no host name or address", expected: "for instance localhost, without scheme and port")
            return nil
        }
        return host
    }

    func httpEndpoint(_ reader: YAMLReader, _ names: ExporterNames) -> String? {
        guard let endpoint = text(reader) else { return nil }
        do {
            _ = try HTTPEndpoint(endpoint, names: names)
        } catch {
            reader.mistake(error.message)
        }
        return endpoint
    }

    func grpcEndpoint(_ reader: YAMLReader, _ names: ExporterNames) -> String? {
        guard let endpoint = text(reader) else { return nil }
        let parts = EndpointText(endpoint)
        let hasKnownScheme = parts.scheme.map { ["http", "https", "grpc"].contains($0) } ?? true
        let reason = parts.mistake(names) ?? (hasKnownScheme ? nil : "unknown scheme") ?? (HostAndPort(parts.authority) == nil ? "no host, or a bad port" : nil)
        if let reason {
            reader.mistake(TracingConfigurationError.endpoint(parts, reason, names, expected: "host:port or http(s)://host:port").message)
        }
        return endpoint
    }

    /// A PEM file that can be read.
    func certificateFile(_ reader: YAMLReader) -> String? {
        guard let path = text(reader) else { return nil }
        do {
            _ = try PEMFile(path, setting: reader.path).certificates()
        } catch {
            reader.mistake(error.message)
        }
        return path
    }

    func ipv4(_ reader: YAMLReader) -> String? {
        address(
            reader, kind: "IPv4", example: "192.168.0.1", isValid: IPAddressText.isIPv4,
            fromNumber: { UInt32(exactly: $0).map(IPAddressText.ipv4) },
            otherKey: { IPAddressText.isIPv6($0) ? "local_node_ipv6" : nil }
        )
    }

    func ipv6(_ reader: YAMLReader) -> String? {
        address(
            reader, kind: "IPv6", example: "2001:db8::1", isValid: IPAddressText.isIPv6,
            fromNumber: { UInt64(exactly: $0).map(IPAddressText.ipv6) },
            otherKey: { IPAddressText.isIPv4($0) ? "local_node_ipv4" : nil }
        )
    }

    /// An address as text, or as the number it stands for.
    private func address(
        _ reader: YAMLReader,
        kind: String,
        example: String,
        isValid: (String) -> Bool,
        fromNumber: (Int) -> String?,
        otherKey: (String) -> String?
    ) -> String? {
        if let number = wholeNumber(reader) {
            guard let address = fromNumber(number) else {
                reader.mistake("is out of range", expected: "an \(kind) address, for instance \(example)")
                return nil
            }
            return address
        }
        guard let address = text(reader) else { return nil }
        guard isValid(address) else {
            reader.mistake(
                "\"\(address.prefix(60))\" is no \(kind) address", expected: "for instance \(example)", didYouMean: otherKey(address)
            )
            return nil
        }
        return address
    }

    /// Where a number or a text may stand.
    private func wholeNumber(_ reader: YAMLReader) -> Int? {
        guard case .scalar(let text, isPlain: true) = reader.value.content, YAMLScalar.integer(text) != nil else { return nil }
        return reader.integer()
    }

    /// A mapping, or a list of `[name, value]` pairs.
    func headers(_ reader: YAMLReader, _ names: ExporterNames) -> [String: String]? {
        guard !reader.isNull else { return nil }
        let reader = reader.secret
        var headers: [String: String] = [:]
        func add(_ name: String, _ value: YAMLReader, at place: YAMLReader) {
            guard let text = value.string(takesAny: true) else {
                if value.isNull { value.mistake("header \"\(name)\" has no value", expected: "text") }
                return
            }
            do {
                _ = try ExportHeaders.checked([name: text], names: names)
                headers[name.lowercased()] = text
            } catch {
                place.mistake(error.message)
            }
        }
        switch reader.value.content {
        case .mapping:
            for entry in reader.mapping()?.entries ?? [] { add(entry.key, entry.value, at: entry.value) }
        case .list:
            for element in reader.list() ?? [] {
                if case .mapping = element.value.content {
                    for entry in element.mapping()?.entries ?? [] { add(entry.key, entry.value, at: entry.value) }
                    continue
                }
                guard case .list(let pair) = element.value.content, pair.count == 2, let parts = element.list(), let name = parts[0].string() else {
                    element.mistake("is no header", expected: "[name, value]")
                    continue
                }
                add(name, parts[1], at: element)
            }
        case .scalar:
            reader.mistake("is text", expected: "a mapping of names and values, or a list of [name, value] pairs")
        }
        return headers
    }

    /// A comma list, or a list of patterns. An empty one would exclude everything in BentoML, and is a mistake here.
    func excludedURLs(_ reader: YAMLReader) -> ExcludedURLs? {
        guard !reader.isNull else { return nil }
        var members: [(pattern: String, reader: YAMLReader)] = []
        switch reader.value.content {
        case .list:
            for element in reader.list() ?? [] {
                let pattern = element.string(takesAny: true) ?? ""
                if !isEmpty(pattern) {
                    members.append((pattern, element))
                } else if case .scalar = element.value.content {
                    element.mistake("is an empty pattern, which would exclude every URL", expected: "a part of a URL, for instance readyz")
                }
            }
        case .mapping:
            reader.mistake("is a mapping", expected: "a comma list, as in readyz,livez, or a YAML list")
            return nil
        case .scalar:
            guard let text = reader.string() else { return nil }
            if isEmpty(text) { return ExcludedURLs() }
            for (index, member) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
                if !isEmpty(member) {
                    members.append((String(member), reader))
                    continue
                }
                let place = index == 0 ? "before the first comma" : "after comma \(index)"
                reader.mistake("nothing \(place): an empty pattern would exclude every URL", expected: "a pattern, or no comma there")
            }
        }
        var good: [String] = []
        for member in members {
            do {
                good += try ExcludedURLs([member.pattern]).patterns
            } catch {
                member.reader.mistake(error.message)
            }
        }
        do {
            return try ExcludedURLs(good)
        } catch {
            reader.mistake(error.message)
            return nil
        }
    }

    private func isEmpty(_ text: some StringProtocol) -> Bool { text.allSatisfy(\.isWhitespace) }

    // MARK: Old names

    /// A value whose key has an old name in the same mapping.
    func renamed<Value: Equatable>(_ old: String, to new: String, in mapping: YAMLMapping, _ read: (YAMLReader) -> Value?) -> Value? {
        renamed(old, in: mapping, to: new, in: mapping, new, read)
    }

    /// A value whose key had an old name, perhaps elsewhere; both are fine when they say the same.
    ///
    /// - Parameter shown: the new key as seen from the mapping of the old one.
    func renamed<Value: Equatable>(
        _ old: String,
        in oldMapping: YAMLMapping,
        to new: String,
        in newMapping: YAMLMapping?,
        _ shown: String,
        _ read: (YAMLReader) -> Value?
    ) -> Value? {
        let newReader = newMapping?[new]
        let newValue = newReader.flatMap(read)
        guard let oldReader = oldMapping[old], !oldReader.isNull else { return newValue }
        let oldValue = read(oldReader)
        notices.add("\(oldReader.mistakes.file):\(oldReader.line): \(oldReader.path) is an old name; write \(shown) instead.")
        if let newReader, let newValue, let oldValue, newValue != oldValue {
            oldReader.mistake("says something else than \(newReader.path) in line \(newReader.line)", expected: "\(shown) alone")
        }
        return newValue ?? oldValue
    }
}
