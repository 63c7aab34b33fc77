internal import JSONCoding
internal import TraceModel

/// Writes the model as Zipkin's v2 JSON; members that are empty are left out.
struct ZipkinJSONEncoder: SpanBatchEncoder {
    var writer: JSONWriter
    let options: ZipkinJSON.EncodingOptions
    /// The keys of the tags of one span, because the names of an object's members are unique.
    private var keys: Set<String> = []
    /// The object of the tags is begun, which is left out when it would be empty.
    private var hasTags = false
    /// The spans at hand came from a client of Zipkin's own, and are written as they came.
    private var isZipkins = false
    /// Of the group at hand.
    private var resource = Resource()
    private var resourceTags: [(key: String, value: String)] = []
    private var groupTags: [(key: String, value: String)] = []
    private var serviceName = ""

    /// A guess at the size of a span, to reserve memory.
    static let expectedSpanSize = 1200

    init(writer: consuming JSONWriter, options: ZipkinJSON.EncodingOptions) {
        self.writer = writer
        self.options = options
    }

    /// `[Span]`
    mutating func begin() { writer.beginArray() }

    mutating func begin(_ group: ResourceSpans) {
        resource = group.resource
        resourceTags = group.resource.attributes.filter { $0.key != ZipkinTag.serviceName }.map(text(of:))
    }

    mutating func begin(_ group: ScopeSpans) {
        groupTags = resourceTags + scopeTags(group)
        isZipkins = options.restoresZipkin && !ZipkinSpan.isOpenTelemetry(resource, group.scope)
        // A client of Zipkin's may leave out its name.
        let hasName = resource.attributes[ZipkinTag.serviceName] != nil
        serviceName = isZipkins && !hasName ? "" : resource.serviceName
    }

    mutating func span(_ span: Span) { self.span(span, serviceName: serviceName, groupTags: groupTags) }

    mutating func end(_ group: ScopeSpans) {}

    mutating func end(_ group: ResourceSpans) {}

    mutating func end() { writer.endArray() }

    private mutating func span(_ span: Span, serviceName: String, groupTags: [(key: String, value: String)]) {
        writer.beginObject()
        writer.key("traceId")
        if options.restoresZipkin, span.traceID.high == 0 { writer.hex(span.traceID.low) } else { writer.hex(span.traceID) }
        if let parent = span.parentSpanID {
            writer.key("parentId")
            writer.hex(parent)
        }
        writer.key("id")
        writer.hex(span.spanID)
        if let kind = Self.name(of: span.kind) {
            writer.key("kind")
            writer.string(kind)
        }
        if !span.name.isEmpty {
            writer.key("name")
            writer.string(span.name)
        }
        times(span)
        var local = ZipkinEndpoint(
            serviceName: serviceName, ipv4: options.localIPv4 ?? "", ipv6: options.localIPv6 ?? "", port: options.localPort ?? 0)
        if restoresLocalEndpoint(of: span) { local = ZipkinEndpoints.local(of: span, serviceName: serviceName) }
        if !local.isEmpty || !isZipkins {
            writer.key("localEndpoint")
            endpoint(local)
        }
        let peer = isZipkins ? ZipkinEndpoints.remote(of: span) : ZipkinPeer.endpoint(of: span)
        if !peer.isEmpty {
            writer.key("remoteEndpoint")
            endpoint(peer)
        }
        annotations(span.events)
        tags(span, groupTags)
        if span.attributes[ZipkinTag.debug] == .bool(true) {
            writer.key("debug")
            writer.bool(true)
        }
        if span.attributes[ZipkinTag.shared] == .bool(true) {
            writer.key("shared")
            writer.bool(true)
        }
        writer.endObject()
    }

    /// OpenTelemetry's exporters may be told the address of their host; a port alone is an attribute like others.
    private func restoresLocalEndpoint(of span: Span) -> Bool {
        isZipkins || options.restoresZipkin && ZipkinEndpoints.hasLocalAddress(span)
    }

    /// OpenTelemetry's internal spans have no kind in Zipkin.
    private static func name(of kind: SpanKind) -> String? {
        switch kind {
        case .unspecified, .internal: nil
        case .server: "SERVER"
        case .client: "CLIENT"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        }
    }

    /// Whole microseconds; a duration of less than one counts as one, because Zipkin takes 0 for absent.
    private mutating func times(_ span: Span) {
        if span.startTime >= 1000, span.attributes[ZipkinTag.startTimeAbsent] != .bool(true) {
            writer.key("timestamp")
            writer.uint(span.startTime / 1000)
        }
        // A client of Zipkin's may leave out the duration, too.
        if isZipkins, span.duration == 0 { return }
        writer.key("duration")
        writer.uint(max(1, span.duration / 1000))
    }

    private mutating func endpoint(_ endpoint: ZipkinEndpoint) {
        writer.beginObject()
        if !endpoint.serviceName.isEmpty {
            writer.key("serviceName")
            writer.string(endpoint.serviceName)
        }
        if !endpoint.ipv4.isEmpty {
            writer.key("ipv4")
            writer.string(endpoint.ipv4)
        }
        if !endpoint.ipv6.isEmpty {
            writer.key("ipv6")
            writer.string(endpoint.ipv6)
        }
        if endpoint.port != 0 {
            writer.key("port")
            writer.uint(UInt64(endpoint.port))
        }
        writer.endObject()
    }

    private mutating func annotations(_ events: [SpanEvent]) {
        if events.isEmpty { return }
        writer.key("annotations")
        writer.beginArray()
        for event in events {
            writer.beginObject()
            writer.key("timestamp")
            writer.uint(event.time / 1000)
            writer.key("value")
            writer.string(ZipkinEventText.text(event, maximumValueLength: options.maximumTagValueLength))
            writer.endObject()
        }
        writer.endArray()
    }

    // MARK: Tags

    /// What has no member of its own, the span's attributes, the resource's, then the scope: the order tells our decoder whose
    /// they are. Of a key that comes twice the first counts.
    private mutating func tags(_ span: Span, _ groupTags: [(key: String, value: String)]) {
        keys.removeAll(keepingCapacity: true)
        keys.formUnion([ZipkinTag.serviceName, ZipkinTag.debug, ZipkinTag.shared, ZipkinTag.startTimeAbsent])
        hasTags = false
        if isZipkins {
            keys.formUnion(ZipkinEndpoints.keys(of: span))
            restoredStatusTags(span)
        } else {
            if restoresLocalEndpoint(of: span) { keys.formUnion(ZipkinEndpoints.localKeys(of: span)) }
            statusTags(span)
        }
        if !span.traceState.isEmpty { tag(ZipkinTag.traceState, span.traceState) }
        if span.droppedAttributesCount > 0 { tag(ZipkinTag.droppedAttributes, String(span.droppedAttributesCount)) }
        if span.droppedEventsCount > 0 { tag(ZipkinTag.droppedEvents, String(span.droppedEventsCount)) }
        if span.droppedLinksCount > 0 { tag(ZipkinTag.droppedLinks, String(span.droppedLinksCount)) }
        for (index, link) in span.links.enumerated() { tag(ZipkinTag.linkPrefix + String(index), ZipkinLinkText.text(link)) }
        for attribute in span.attributes where !keys.contains(attribute.key) { tag(attribute.key, text(of: attribute).value) }
        for (key, value) in groupTags { tag(key, value) }
        if hasTags { writer.endObject() }
    }

    private mutating func tag(_ key: String, _ value: String) {
        guard keys.insert(key).inserted else { return }
        if !hasTags {
            hasTags = true
            writer.key("tags")
            writer.beginObject()
        }
        writer.key(string: key)
        writer.string(value)
    }

    /// Zipkin's clients know the tag `error` only.
    private mutating func restoredStatusTags(_ span: Span) {
        let message = span.status.message
        switch span.status.code {
        case .unset: break
        case .ok: tag(ZipkinTag.statusCode, "OK")
        case .error where span.attributes[ZipkinTag.error] == nil: tag(ZipkinTag.error, message.isEmpty ? "true" : message)
        case .error: if !message.isEmpty { tag(ZipkinTag.statusDescription, message) }
        }
    }

    private mutating func statusTags(_ span: Span) {
        let message = span.status.message
        switch span.status.code {
        case .unset: break
        case .ok:
            tag(ZipkinTag.statusCode, "OK")
            if !message.isEmpty { tag(ZipkinTag.statusDescription, message) }
        case .error:
            tag(ZipkinTag.statusCode, "ERROR")
            tag(ZipkinTag.error, message)
            // `error` alone would be read as a plain mark.
            if message == "true" { tag(ZipkinTag.statusDescription, message) }
            return
        }
        // Zipkin shows any span with the tag as failed, whatever its value is.
        if let error = span.attributes[ZipkinTag.error], PlainJSON.text(error) == "false" { keys.insert(ZipkinTag.error) }
    }

    /// The scope under its present and its former names; what has no former name but the schema and attributes too.
    private func scopeTags(_ group: ScopeSpans) -> [(key: String, value: String)] {
        var tags: [(key: String, value: String)] = []
        if !group.scope.name.isEmpty {
            tags.append((ZipkinTag.scopeName, group.scope.name))
            tags.append((ZipkinTag.libraryName, group.scope.name))
        }
        if !group.scope.version.isEmpty {
            tags.append((ZipkinTag.scopeVersion, group.scope.version))
            tags.append((ZipkinTag.libraryVersion, group.scope.version))
        }
        if !group.schemaURL.isEmpty { tags.append((ZipkinTag.scopeSchemaURL, group.schemaURL)) }
        for attribute in group.scope.attributes {
            tags.append(text(of: Attribute(key: ZipkinTag.scopePrefix + attribute.key, value: attribute.value)))
        }
        return tags
    }

    /// The key and the value as text, cut to the bound; numbers and booleans are never cut, because that makes them others.
    private func text(of attribute: Attribute) -> (key: String, value: String) {
        guard let limit = options.maximumTagValueLength else { return (attribute.key, PlainJSON.text(attribute.value)) }
        switch attribute.value {
        case .string, .bytes: return (attribute.key, PlainJSON.truncated(PlainJSON.text(attribute.value), to: limit))
        case .bool, .int, .double, .empty: return (attribute.key, PlainJSON.text(attribute.value))
        case .array, .keyValueList: return (attribute.key, PlainJSON.text(attribute.value, fitting: limit))
        }
    }
}
