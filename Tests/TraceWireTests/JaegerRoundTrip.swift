import Foundation
import JSONCoding
import TraceModel

/// What is left of spans after the way through one of Jaeger's formats.
enum JaegerRoundTrip {
    /// - Parameter precision: nanoseconds that are told apart.
    static func expected(_ group: ResourceSpans, _ precision: UInt64) -> SpanBatch {
        var resource = group.resource
        resource.attributes = [Attribute("service.name", .string(resource.serviceName))] + resource.attributes.filter { $0.key != "service.name" }.map(plain)
        var result = ResourceSpans(resource: resource)
        for scoped in group.scopeSpans {
            let scope = InstrumentationScope(name: scoped.scope.name, version: scoped.scope.version)
            for span in scoped.spans {
                // A scope that comes twice, told apart by its attributes only, is one.
                if let index = result.scopeSpans.firstIndex(where: { $0.scope == scope }) {
                    result.scopeSpans[index].spans.append(expected(span, precision))
                } else {
                    result.scopeSpans.append(ScopeSpans(scope: scope, spans: [expected(span, precision)]))
                }
            }
        }
        return SpanBatch(resourceSpans: [result])
    }

    private static func expected(_ span: Span, _ precision: UInt64) -> Span {
        var span = span
        span.endTime = max(span.startTime, span.endTime)
        span.startTime -= span.startTime % precision
        span.endTime -= span.endTime % precision
        span.flags &= 1
        span.attributes = span.attributes.map(plain)
        span.events = span.events.map { event in
            SpanEvent(
                time: event.time - event.time % precision, name: event.name, attributes: event.attributes.map(plain),
                droppedAttributesCount: event.droppedAttributesCount)
        }
        span.links = span.links.filter { $0.spanID.isValid }.map { SpanLink(traceID: $0.traceID, spanID: $0.spanID) }
        return span
    }

    /// Lists are JSON text, no value is empty text.
    private static func plain(_ attribute: Attribute) -> Attribute {
        switch attribute.value {
        case .empty: return Attribute(attribute.key, "")
        case .array, .keyValueList: return Attribute(attribute.key, .string(text(attribute.value)))
        default: return attribute
        }
    }

    private static func text(_ value: AttributeValue) -> String {
        func quoted(_ text: String) -> String {
            var writer = JSONWriter()
            writer.string(text)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        switch value {
        case .string(let text): return quoted(text)
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return "\(number)"
        case .double(let number):
            var writer = JSONWriter()
            writer.double(number)
            return String(decoding: writer.bytes, as: UTF8.self)
        case .bytes(let bytes): return quoted(Data(bytes).base64EncodedString())
        case .empty: return "null"
        case .array(let values): return "[" + values.map(text).joined(separator: ",") + "]"
        // Of a key that comes twice the first counts.
        case .keyValueList(let all):
            let values = all.indices.filter { index in !all[..<index].contains { $0.key == all[index].key } }.map { all[$0] }
            return "{" + values.map { quoted($0.key) + ":" + text($0.value) }.joined(separator: ",") + "}"
        }
    }
}
