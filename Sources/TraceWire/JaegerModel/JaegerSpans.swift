internal import TraceModel

/// Collects decoded Jaeger spans as the model: grouped by resource and scope, in the order in which these first appear.
struct JaegerSpans {
    private var groups: [ResourceSpans] = []
    private var resources: [Resource: Int] = [:]
    /// For each resource, its scopes.
    private var scopes: [[InstrumentationScope: Int]] = []
    private var rejections = Rejections()

    /// What was added.
    var decoded: DecodedSpans {
        DecodedSpans(batch: SpanBatch(resourceSpans: groups), rejectedSpanCount: rejections.count, rejectionMessage: rejections.message)
    }

    /// Counts a span that makes no sense.
    mutating func refuse(name: String, _ problem: String) {
        rejections.add(span: name, problem)
    }

    /// Adds the spans of one process; one without valid ids is counted instead.
    mutating func add(_ spans: [JaegerSpan], of process: JaegerProcess) {
        // A process without spans says nothing.
        guard !spans.isEmpty else { return }
        let resource = process.resource
        let isOpenTelemetry = process.isOpenTelemetry
        for var span in spans {
            let copied = span.takeCopiedResource(of: process)
            let meanings = JaegerMeanings(span.tags, isOpenTelemetry: isOpenTelemetry || copied != nil)
            let model = span.model(meanings)
            if let problem = span.problem.text(for: model) {
                rejections.add(span: span.name, problem)
            } else {
                append(model, copied ?? resource, meanings.scope)
            }
        }
    }

    private mutating func append(_ span: Span, _ resource: Resource, _ scope: InstrumentationScope) {
        let group: Int
        if let last = groups.indices.last, groups[last].resource == resource {
            group = last
        } else if let known = resources[resource] {
            group = known
        } else {
            group = groups.count
            resources[resource] = group
            groups.append(ResourceSpans(resource: resource))
            scopes.append([:])
        }
        if let known = scopes[group][scope] {
            groups[group].scopeSpans[known].spans.append(span)
        } else {
            scopes[group][scope] = groups[group].scopeSpans.count
            groups[group].scopeSpans.append(ScopeSpans(scope: scope, spans: [span]))
        }
    }
}

extension JaegerProcess {
    /// What the OpenTelemetry Collector sends for a resource without `service.name`.
    private static let noServiceName = "OTLPResourceNoServiceName"

    fileprivate var isOpenTelemetry: Bool {
        tags.contains { $0.key.hasPrefix("telemetry.sdk.") || $0.key.hasPrefix("otel.") }
    }

    /// Tags of Jaeger's own clients get OpenTelemetry's names.
    fileprivate var resource: Resource {
        let isOpenTelemetry = isOpenTelemetry
        var resource = Resource()
        if !serviceName.isEmpty, serviceName != Self.noServiceName {
            resource.attributes.append(Attribute(JaegerTag.serviceName, .string(serviceName)))
        }
        for tag in tags {
            switch (tag.key, tag.value) {
            case (JaegerTag.serviceName, _) where !resource.attributes.isEmpty: continue
            case ("hostname", _) where !isOpenTelemetry && tags["host.name"] == nil: resource.attributes.append(Attribute("host.name", tag.value))
            case ("jaeger.version", .string(let version)) where !isOpenTelemetry:
                resource.attributes.append(Attribute("opencensus.exporterversion", .string("Jaeger-" + version)))
            case (JaegerTag.droppedAttributes, .int(let count)) where count >= 0: resource.droppedAttributesCount = UInt32(clamping: count)
            default: resource.attributes.append(tag)
            }
        }
        return resource
    }
}

extension JaegerSpan {
    /// Removes the copy of the resource that OpenTelemetry's exporters for Python leave on every span.
    ///
    /// They write the span's attributes, then the resource's, then their own tags. The Thrift exporter gives the process no
    /// tags; the protobuf exporter gives it the same ones.
    ///
    /// - Returns: the resource, or `nil` when this is no such span.
    fileprivate mutating func takeCopiedResource(of process: JaegerProcess) -> Resource? {
        guard let name = tags.firstIndex(where: { $0.key == JaegerTag.serviceName }), tags[name].value == .string(process.serviceName) else { return nil }
        let exporters = tags[name...].firstIndex { $0.key.hasPrefix("otel.") || $0.key == JaegerTag.kind } ?? tags.endIndex
        var range = name..<exporters
        if process.tags.isEmpty {
            // Resources made by the SDK begin with the SDK's own name.
            if let sdk = tags[..<name].firstIndex(where: { $0.key.hasPrefix("telemetry.sdk.") }) { range = sdk..<exporters }
        } else {
            guard let offset = process.tags.firstIndex(where: { $0.key == JaegerTag.serviceName }), offset <= name else { return nil }
            let start = name - offset
            guard tags[start...].starts(with: process.tags) else { return nil }
            range = start..<start + process.tags.count
        }
        let resource = JaegerProcess(serviceName: process.serviceName, tags: Array(tags[range])).resource
        tags.removeSubrange(range)
        return resource
    }

    fileprivate func model(_ meanings: JaegerMeanings) -> Span {
        let (parent, links) = parentAndLinks()
        let (end, overflow) = startTime.addingReportingOverflow(duration)
        return Span(
            traceID: traceID,
            spanID: spanID,
            parentSpanID: parent,
            traceState: meanings.traceState,
            flags: flags & Flag.sampled != 0 ? UInt32(TraceFlags.sampled.rawValue) : 0,
            name: name,
            kind: meanings.kind,
            startTime: startTime,
            endTime: overflow ? .max : end,
            attributes: meanings.attributes,
            droppedAttributesCount: meanings.droppedAttributes,
            events: logs.map { $0.model(namedByMessage: meanings.hasLibraryTags) },
            droppedEventsCount: meanings.droppedEvents,
            links: links,
            droppedLinksCount: meanings.droppedLinks,
            status: meanings.status
        )
    }

    /// The parent is the one that the span names, or else the first CHILD_OF reference within the trace.
    private func parentAndLinks() -> (parent: SpanID?, links: [SpanLink]) {
        var parent = parentSpanID
        var isParentReferenceSeen = false
        var links: [SpanLink] = []
        for reference in references {
            if reference.isChild, !isParentReferenceSeen, reference.traceID == traceID, reference.spanID.isValid,
                parent == nil || parent == reference.spanID
            {
                parent = reference.spanID
                isParentReferenceSeen = true
                continue
            }
            let attributes = reference.isChild ? [Attribute(JaegerTag.referenceType, .string(JaegerTag.childOf))] : []
            links.append(SpanLink(traceID: reference.traceID, spanID: reference.spanID, attributes: attributes))
        }
        return (parent, links)
    }
}

extension JaegerLog {
    /// - Parameter namedByMessage: without the field `event`, a last field `message` is the name.
    fileprivate func model(namedByMessage: Bool) -> SpanEvent {
        var event = SpanEvent(time: time, name: "", attributes: fields)
        if let index = fields.firstIndex(where: { $0.key == JaegerTag.event }), case .string(let name) = fields[index].value {
            event.name = name
            event.attributes.remove(at: index)
        } else if namedByMessage, let last = fields.last, last.key == "message", case .string(let name) = last.value {
            event.name = name
            event.attributes.removeLast()
        }
        if let last = event.attributes.last, last.key == JaegerTag.droppedAttributes, case .int(let count) = last.value, count >= 0 {
            event.droppedAttributesCount = UInt32(clamping: count)
            event.attributes.removeLast()
        }
        return event
    }
}
