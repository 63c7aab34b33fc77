internal import TraceModel
internal import TraceStore

/// Reading fields of spans.
extension TraceQLCompiler {
    mutating func reader(_ field: TraceQLField) -> Reader {
        switch field {
        case .intrinsic(let intrinsic): return reader(intrinsic)
        case .parent: return { _, _ in .missing }
        case .attribute(.span, let name):
            return { view, index in
                let group = view.group(index)
                return Self.value(group.spans[index - group.start].attributes, name)
            }
        case .attribute(.resource, let name):
            return remembered { Self.value($0.resource.attributes, name) }
        case .attribute(.instrumentation, let name):
            return remembered { Self.value($0.scope.attributes, name) }
        case .attribute(.event, let name):
            return { view, index in
                let group = view.group(index)
                return Self.joined(group.spans[index - group.start].events.lazy.map { Self.value($0.attributes, name) })
            }
        case .attribute(.link, let name):
            return { view, index in
                let group = view.group(index)
                return Self.joined(group.spans[index - group.start].links.lazy.map { Self.value($0.attributes, name) })
            }
        case .attribute(nil, let name):
            let ofResource: Reader = remembered { Self.value($0.resource.attributes, name) }
            return { view, index in
                let group = view.group(index)
                for attribute in group.spans[index - group.start].attributes where attribute.key == name { return TraceQLValue(attribute.value) }
                return ofResource(view, index)
            }
        }
    }

    private static func value(_ attributes: [Attribute], _ name: String) -> TraceQLValue {
        for attribute in attributes where attribute.key == name { return TraceQLValue(attribute.value) }
        return .missing
    }

    /// One value stays one; several, as of several events, are a list.
    private static func joined(_ values: some Sequence<TraceQLValue>) -> TraceQLValue {
        var found: [TraceQLValue] = []
        for value in values {
            switch value {
            case .missing: break
            case .list(let elements): found += elements
            default: found.append(value)
            }
        }
        return found.isEmpty ? .missing : found.count == 1 ? found[0] : .list(found)
    }

    private mutating func reader(_ intrinsic: TraceQLIntrinsic) -> Reader {
        switch intrinsic {
        case .duration: Self.reader { .duration(Int64(clamping: $0.duration)) }
        case .name: Self.reader { .string($0.name) }
        case .status: Self.reader { .status($0.status.code) }
        case .statusMessage: Self.reader { .string($0.status.message) }
        case .kind: Self.reader { .kind($0.kind) }
        case .spanID: Self.reader { .string($0.spanID.description) }
        case .parentID: Self.reader { .string($0.parentSpanID.map { $0.isValid ? $0.description : "" } ?? "") }
        case .traceID: Self.reader { .string($0.traceID.description) }
        case .eventName: Self.reader { Self.joined($0.events.lazy.map { .string($0.name) }) }
        case .eventTimeSinceStart:
            Self.reader { span in
                Self.joined(span.events.lazy.map { .duration(Int64(clamping: Int128($0.time) - Int128(span.startTime))) })
            }
        case .linkTraceID: Self.reader { Self.joined($0.links.lazy.map { .string($0.traceID.description) }) }
        case .linkSpanID: Self.reader { Self.joined($0.links.lazy.map { .string($0.spanID.description) }) }
        case .instrumentationName: remembered { .string($0.scope.name) }
        case .instrumentationVersion: remembered { .string($0.scope.version) }
        case .childCount: { .int(Int64($0.structure.childCount[$1])) }
        case .nestedSetLeft: { .int(Int64($0.nestedSets.left[$1])) }
        case .nestedSetRight: { .int(Int64($0.nestedSets.right[$1])) }
        case .nestedSetParent: { .int(Int64($0.nestedSets.parent[$1])) }
        case .traceDuration: { view, _ in .duration(Int64(clamping: view.outline.duration)) }
        case .rootName: { view, _ in view.outline.root.map { .string(view.span($0).name) } ?? .missing }
        case .rootServiceName: { view, _ in view.outline.root.map { .string(view.group($0).service) } ?? .missing }
        }
    }

    private static func reader(_ body: @escaping @Sendable (Span) -> TraceQLValue) -> Reader {
        { view, index in
            let group = view.group(index)
            return body(group.spans[index - group.start])
        }
    }
}
