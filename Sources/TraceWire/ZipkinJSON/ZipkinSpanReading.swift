internal import TraceModel

/// What a Zipkin span means in OpenTelemetry: the span with its resource and its scope.
struct ZipkinSpanReading {
    private(set) var resource = Resource()
    private(set) var scope = InstrumentationScope()
    private(set) var scopeSchemaURL = ""
    private(set) var span: Span

    // Tags that only make sense together.
    private var serviceName: AttributeValue?
    private var serviceNameSource: String?
    private var library = InstrumentationScope()
    private var statusCode: SpanStatus.Code?
    private var statusDescription: String?
    private var error: AttributeValue?
    private var kindTag: String?
    private var links: [(number: Int, link: SpanLink)] = []

    /// - Throws: when the values inside of texts use up the budget.
    init(_ source: ZipkinSpan, _ budget: inout ElementBudget) throws(WireError) {
        span = Span(
            traceID: source.traceID, spanID: source.spanID,
            // A span that names itself is a root.
            parentSpanID: source.parentSpanID == source.spanID ? nil : source.parentSpanID,
            name: source.name, kind: .internal, startTime: 0, endTime: 0)
        span.attributes.reserveCapacity(source.tags.count)
        let ofResource = source.hasOrderedTags ? Self.copiedResource(source.tags) : 0..<0
        for (index, tag) in source.tags.enumerated() { try read(tag, isOfResource: ofResource.contains(index), &budget) }
        finishResource(source.localEndpoint)
        finishScope()
        finishKind(source.kind)
        finishStatus()
        span.links = links.sorted { $0.number < $1.number }.map(\.link)
        addEndpoints(source)
        span.events.reserveCapacity(source.annotations.count)
        for annotation in source.annotations { span.events.append(try ZipkinEventText.event(annotation, &budget)) }
        setTimes(source)
        addRest(source)
    }

    // MARK: Tags

    /// Where the tags of a resource stand, those too that no convention names.
    ///
    /// OpenTelemetry's exporter for Python and our own write the attributes of the span, then those of the resource, which begin
    /// with the SDK's, then those of the scope.
    private static func copiedResource(_ tags: [Attribute]) -> Range<Int> {
        guard let start = tags.firstIndex(where: { $0.key == ZipkinTag.serviceName || $0.key.hasPrefix("telemetry.sdk.") }),
            let end = tags[start...].firstIndex(where: { $0.key == ZipkinTag.libraryName || $0.key == ZipkinTag.scopeName }),
            let language = Array(tags[start..<end])["telemetry.sdk.language"],
            language == "python" || language == "swift" && Array(tags[start..<end])["telemetry.sdk.name"] == "needletail"
        else { return 0..<0 }
        return start..<end
    }

    private mutating func read(_ tag: Attribute, isOfResource: Bool, _ budget: inout ElementBudget) throws(WireError) {
        switch tag.key {
        case ZipkinTag.serviceName: serviceName = tag.value
        case ZipkinTag.serviceNameSource: serviceNameSource = PlainJSON.text(tag.value)
        case ZipkinTag.scopeName: scope.name = PlainJSON.text(tag.value)
        case ZipkinTag.scopeVersion: scope.version = PlainJSON.text(tag.value)
        case ZipkinTag.scopeSchemaURL: scopeSchemaURL = PlainJSON.text(tag.value)
        case ZipkinTag.libraryName: library.name = PlainJSON.text(tag.value)
        case ZipkinTag.libraryVersion: library.version = PlainJSON.text(tag.value)
        case ZipkinTag.statusCode: readStatusCode(tag)
        case ZipkinTag.statusDescription: statusDescription = PlainJSON.text(tag.value)
        case ZipkinTag.error: error = tag.value
        case ZipkinTag.spanKind: kindTag = PlainJSON.text(tag.value)
        case ZipkinTag.traceState: span.traceState = PlainJSON.text(tag.value)
        case ZipkinTag.droppedAttributes: readCount(tag, \.droppedAttributesCount)
        case ZipkinTag.droppedEvents: readCount(tag, \.droppedEventsCount)
        case ZipkinTag.droppedLinks: readCount(tag, \.droppedLinksCount)
        default: try readOther(tag, isOfResource: isOfResource, &budget)
        }
    }

    private mutating func readOther(_ tag: Attribute, isOfResource: Bool, _ budget: inout ElementBudget) throws(WireError) {
        if isOfResource || ResourceKey.contains(tag.key) {
            resource.attributes.append(try ZipkinTagType.typed(tag, &budget))
        } else if tag.key.hasPrefix(ZipkinTag.scopePrefix) {
            scope.attributes.append(Attribute(key: String(tag.key.dropFirst(ZipkinTag.scopePrefix.count)), value: tag.value))
        } else if tag.key.hasPrefix(ZipkinTag.linkPrefix),
            let number = Int(tag.key.dropFirst(ZipkinTag.linkPrefix.count)), number >= 0,
            case .string(let text) = tag.value, let link = try ZipkinLinkText.link(text, &budget)
        {
            links.append((number, link))
        } else {
            span.attributes.append(try ZipkinTagType.typed(tag, &budget))
        }
    }

    private mutating func readCount(_ tag: Attribute, _ count: WritableKeyPath<Span, UInt32>) {
        if let number = UInt32(PlainJSON.text(tag.value)) {
            span[keyPath: count] = number
        } else {
            span.attributes.append(tag)
        }
    }

    /// `OK`, or the longer and differently written names that exporters send.
    private mutating func readStatusCode(_ tag: Attribute) {
        switch PlainJSON.text(tag.value).uppercased() {
        case "OK", "STATUS_CODE_OK": statusCode = .ok
        case "ERROR", "STATUS_CODE_ERROR": statusCode = .error
        case "UNSET", "STATUS_CODE_UNSET", "": statusCode = .unset
        default: span.attributes.append(tag)
        }
    }

    // MARK: What several tags say together

    private mutating func finishResource(_ local: ZipkinEndpoint) {
        var name = serviceName
        if name == nil, !local.serviceName.isEmpty, local.serviceName != ZipkinTag.noServiceName {
            name = .string(local.serviceName)
        }
        guard let name else { return }
        resource.attributes.insert(Attribute(key: serviceNameSource ?? ZipkinTag.serviceName, value: name), at: 0)
    }

    private mutating func finishScope() {
        if scope.name.isEmpty { scope.name = library.name }
        if scope.version.isEmpty { scope.version = library.version }
    }

    /// A span without a kind is an internal one, because that is how internal ones are exported.
    private mutating func finishKind(_ kind: SpanKind?) {
        let named = kindTag.flatMap(ZipkinSpan.kind)
        span.kind = kind ?? named ?? .internal
        if let kindTag, named != span.kind { span.attributes.append(Attribute(key: ZipkinTag.spanKind, value: .string(kindTag))) }
    }

    private mutating func finishStatus() {
        let text = error.map(PlainJSON.text)
        // Zipkin: the tag `error` means a failure whatever its value is; only OpenTelemetry has `false`.
        let code = statusCode ?? (text == nil || text == "false" ? .unset : .error)
        span.status.code = code
        span.status.message = statusDescription ?? ""
        guard let text else { return }
        if code == .error {
            if text.isEmpty || text == "true" || text == statusDescription { return }
            if statusDescription == nil {
                span.status.message = text
                return
            }
        }
        span.attributes.append(Attribute(key: ZipkinTag.error, value: text == "true" ? true : text == "false" ? false : .string(text)))
    }

    // MARK: Fields that OpenTelemetry does not have

    private mutating func addEndpoints(_ source: ZipkinSpan) {
        let local = source.localEndpoint
        add(ZipkinTag.hostIP, local.ipv4, unlessIn: ZipkinPeer.localAddressKeys)
        add(local.ipv4.isEmpty ? ZipkinTag.hostIP : ZipkinTag.otherPrefix + "local_ipv6", local.ipv6, unlessIn: ZipkinPeer.localAddressKeys)
        add(ZipkinTag.hostPort, local.port, unlessIn: ZipkinPeer.localPortKeys)
        let remote = source.remoteEndpoint
        add(ZipkinTag.peerService, remote.serviceName, unlessIn: ZipkinPeer.nameKeys)
        add(ZipkinTag.peerIP, remote.ipv4, unlessIn: ZipkinPeer.addressKeys)
        add(remote.ipv4.isEmpty ? ZipkinTag.peerIP : ZipkinTag.otherPrefix + "remote_ipv6", remote.ipv6, unlessIn: ZipkinPeer.addressKeys)
        add(ZipkinTag.peerPort, remote.port, unlessIn: ZipkinPeer.portKeys)
    }

    /// Adds an attribute, unless it is empty, or an attribute says the same and OpenTelemetry's exporter made the endpoint of that.
    private mutating func add(_ key: String, _ text: String, unlessIn keys: [String]) {
        if text.isEmpty || isSaid(text, keys) { return }
        addUnlessTaken(key, .string(text))
    }

    private func isSaid(_ text: String, _ keys: [String]) -> Bool {
        ZipkinSpan.isOpenTelemetry(resource, scope) && span.attributes.contains { keys.contains($0.key) && PlainJSON.text($0.value) == text }
    }

    private mutating func add(_ key: String, _ port: UInt16, unlessIn keys: [String]) {
        if port == 0 || isSaid(String(port), keys) { return }
        addUnlessTaken(key, .int(Int64(port)))
    }

    /// An explicit tag counts; what the field says besides is kept under another name.
    private mutating func addUnlessTaken(_ key: String, _ value: AttributeValue) {
        let name = span.attributes[key] == nil ? key : ZipkinTag.otherPrefix + key
        span.attributes.append(Attribute(key: name, value: value))
    }

    /// An absent start is that of the first annotation, or the epoch; the attribute says so.
    private mutating func setTimes(_ source: ZipkinSpan) {
        let start = source.timestamp ?? source.annotations.lazy.map(\.timestamp).min() ?? 0
        span.startTime = start * 1000
        span.endTime = min(source.duration ?? 0, ZipkinSpan.maximumTime - start) * 1000 + span.startTime
        if source.timestamp == nil { span.attributes.append(Attribute(key: ZipkinTag.startTimeAbsent, value: true)) }
    }

    private mutating func addRest(_ source: ZipkinSpan) {
        if source.isShared { span.attributes.append(Attribute(key: ZipkinTag.shared, value: true)) }
        // OpenTelemetry's exporter for Python sets `debug` on every span.
        let isPythons = resource.attributes["telemetry.sdk.language"] == .string("python") && !scope.name.isEmpty
        if source.isDebug, !isPythons { span.attributes.append(Attribute(key: ZipkinTag.debug, value: true)) }
        span.attributes.append(contentsOf: source.others)
    }
}
