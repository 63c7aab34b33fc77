internal import JSONCoding
internal import TraceModel

/// Reads the JSON of Jaeger's query API.
///
/// Only broken JSON stops it. What a span cannot do without costs the span when it is of another type.
struct JaegerJSONDecoder: ~Copyable {
    /// A span, and the process that it names or carries.
    private struct Reading {
        var span = JaegerSpan()
        var processID = ""
        var process: JaegerProcess?
        /// Why it cannot be kept; the first reason found.
        var problem: String?

        mutating func refuse(_ problem: String) {
            if self.problem == nil { self.problem = problem }
        }
    }

    /// Jaeger's own name for what its collector and its query found strange in a span.
    private static let warningsTag = "@jaeger@warnings"

    var strings = StringCache()
    var budget: ElementBudget
    private var spans = JaegerSpans()

    init(maximumElements: Int) {
        budget = ElementBudget(maximumElements)
    }

    mutating func decode(_ reader: inout JSONReader) throws -> DecodedSpans {
        try value(&reader)
        return spans.decoded
    }

    /// A trace, a span with its process, a list of either, or the envelope around them.
    private mutating func value(_ reader: inout JSONReader) throws {
        if try reader.readNull() { return }
        guard try reader.peek() == .array else { return try object(&reader) }
        try reader.beginArray()
        while try reader.nextElement() {
            try budget.take()
            try value(&reader)
        }
    }

    /// `{"traceID":hex,"spans":[Span],"processes":{string:Process}}`, or `{"data":[…],"errors":[…]}` around such.
    private mutating func object(_ reader: inout JSONReader) throws {
        let start = reader.mark
        var readings: [Reading] = []
        var processes: [String: JaegerProcess] = [:]
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "data": try value(&reader)
            case "spans":
                try reader.beginArray()
                while try reader.nextElement() { if let reading = try reading(&reader) { readings.append(reading) } }
            case "processes":
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    let id = key.string
                    processes[id] = try process(&reader)
                }
            case "spanID", "operationName":
                // No trace, but a span.
                reader.rewind(to: start)
                if let reading = try reading(&reader) { add([reading], [:]) }
                return
            default: try reader.skip()
            }
        }
        add(readings, processes)
    }

    private mutating func add(_ readings: [Reading], _ processes: [String: JaegerProcess]) {
        var order: [JaegerProcess] = []
        var byProcess: [JaegerProcess: [JaegerSpan]] = [:]
        for reading in readings {
            if let problem = reading.problem {
                spans.refuse(name: reading.span.name, problem)
                continue
            }
            let process = reading.process ?? processes[reading.processID] ?? JaegerProcess()
            if byProcess[process] == nil { order.append(process) }
            byProcess[process, default: []].append(reading.span)
        }
        for process in order { spans.add(byProcess[process] ?? [], of: process) }
    }

    // MARK: Spans

    /// - Returns: `nil` for a span that was counted as refused.
    private mutating func reading(_ reader: inout JSONReader) throws -> Reading? {
        try budget.take()
        guard try reader.peek() == .object else {
            spans.refuse(name: "", "no members, expected a JSON object")
            try reader.skip()
            return nil
        }
        return try span(&reader)
    }

    /// `{"traceID":hex,"spanID":hex,"parentSpanID":hex,"flags":int,"operationName":string,"references":[Reference],"startTime":µs,
    /// "duration":µs,"tags":[KeyValue],"logs":[Log],"processID":string,"process":Process,"warnings":[string]}`
    private mutating func span(_ reader: inout JSONReader) throws -> Reading {
        var result = Reading()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "traceID": result.span.traceID = try traceID(&reader, &result)
            case "spanID": result.span.spanID = try spanID("span id", &reader, &result)
            case "parentSpanID":
                let parent = try spanID("parent span id", &reader, &result)
                result.span.parentSpanID = parent.isValid ? parent : nil
            case "flags": result.span.flags = UInt32(clamping: Int64(try strings.text(&reader)) ?? 0)
            case "operationName": result.span.name = try strings.text(&reader)
            case "references": try list("references", &reader, &result) { decoder, reader, result in try decoder.reference(&reader, &result) }
            case "startTime": result.span.startTime = try time("start time", &reader, &result)
            case "duration": result.span.duration = try time("duration", &reader, &result)
            case "tags": try tags(&reader, &result)
            case "logs": try list("logs", &reader, &result) { decoder, reader, result in try decoder.log(&reader, &result) }
            case "processID": result.processID = try strings.text(&reader)
            case "process": result.process = try process(&reader)
            case "warnings": try warnings(&reader, &result)
            default: try reader.skip()
            }
        }
        return result
    }

    /// `{"refType":"CHILD_OF|FOLLOWS_FROM","traceID":hex,"spanID":hex}`
    private mutating func reference(_ reader: inout JSONReader, _ result: inout Reading) throws {
        var reference = JaegerReference()
        // A link that leads nowhere does not cost the span.
        var ignored = Reading()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "refType": reference.isChild = try strings.text(&reader).uppercased() != "FOLLOWS_FROM"
            case "traceID": reference.traceID = try traceID(&reader, &ignored)
            case "spanID": reference.spanID = try spanID("span id", &reader, &ignored)
            default: try reader.skip()
            }
        }
        result.span.references.append(reference)
    }

    /// `{"timestamp":µs,"fields":[KeyValue]}`
    private mutating func log(_ reader: inout JSONReader, _ result: inout Reading) throws {
        var log = JaegerLog()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "timestamp": log.time = try time("log timestamp", &reader, &result)
            case "fields":
                guard try reader.peek() == .array else {
                    result.refuse("log fields that are no JSON list")
                    try reader.skip()
                    continue
                }
                try reader.beginArray()
                while try reader.nextElement() { if let tag = try keyValue(&reader, &result) { log.fields.append(tag) } }
            default: try reader.skip()
            }
        }
        result.span.logs.append(log)
    }

    /// `{"serviceName":string,"tags":[KeyValue]}`
    private mutating func process(_ reader: inout JSONReader) throws -> JaegerProcess {
        try budget.take()
        var process = JaegerProcess()
        guard try reader.peek() == .object else {
            try reader.skip()
            return process
        }
        var ignored = Reading()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "serviceName": process.serviceName = try strings.text(&reader)
            case "tags":
                guard try reader.peek() == .array else {
                    try reader.skip()
                    continue
                }
                try reader.beginArray()
                while try reader.nextElement() { if let tag = try keyValue(&reader, &ignored) { process.tags.append(tag) } }
            default: try reader.skip()
            }
        }
        return process
    }

    private mutating func warnings(_ reader: inout JSONReader, _ result: inout Reading) throws {
        guard case .array(let texts) = try PlainJSON.read(&reader, &budget), !texts.isEmpty else { return }
        result.span.tags.append(Attribute(Self.warningsTag, .array(texts)))
    }

    // MARK: Tags

    private mutating func tags(_ reader: inout JSONReader, _ result: inout Reading) throws {
        guard try reader.peek() == .array else {
            result.refuse("tags that are no JSON list")
            return try reader.skip()
        }
        try reader.beginArray()
        while try reader.nextElement() { if let tag = try keyValue(&reader, &result) { result.span.tags.append(tag) } }
    }

    /// `{"key":string,"type":"string|bool|int64|float64|binary","value":…}`; without a type the value tells it.
    private mutating func keyValue(_ reader: inout JSONReader, _ result: inout Reading) throws -> Attribute? {
        try budget.take()
        guard try reader.peek() == .object else {
            result.refuse("a tag that is no JSON object")
            try reader.skip()
            return nil
        }
        var key = ""
        var type = ""
        var value = AttributeValue.empty
        try reader.beginObject()
        while let member = try reader.nextKey() {
            switch member {
            case "key": key = try strings.text(&reader)
            case "type": type = try strings.text(&reader)
            case "value": value = try tagValue(&reader)
            default: try reader.skip()
            }
        }
        return Attribute(key: key, value: Self.typed(value, type))
    }

    private mutating func tagValue(_ reader: inout JSONReader) throws -> AttributeValue {
        guard try reader.peek() == .string else { return try PlainJSON.read(&reader, &budget) }
        return .string(try strings.text(&reader))
    }

    /// Numbers and booleans come as such or, from Elasticsearch and for large ones, as text. What is not of the type stays as it is.
    private static func typed(_ value: AttributeValue, _ type: String) -> AttributeValue {
        switch (type, value) {
        case ("", _), ("string", .string): return value
        case ("string", _): return .string(PlainJSON.text(value))
        case ("bool", .string(let text)):
            switch text.lowercased() {
            case "true": return true
            case "false": return false
            default: return value
            }
        case ("int64", .string(let text)): return Int64(text).map { .int($0) } ?? value
        case ("int64", .double(let number)): return Int64(exactly: number).map { .int($0) } ?? value
        case ("float64", .int(let number)): return .double(Double(number))
        case ("float64", .string(let text)):
            switch text {
            case "NaN": return .double(.nan)
            case "Infinity", "+Inf": return .double(.infinity)
            case "-Infinity", "-Inf": return .double(-.infinity)
            default: return Double(text).map { .double($0) } ?? value
            }
        case ("binary", .string(let text)):
            var text = text
            return text.withUTF8 { Base64.decode($0) }.map { .bytes($0) } ?? value
        default: return value
        }
    }

    // MARK: Scalars

    /// A list of objects; the span is refused when it is none.
    private mutating func list(
        _ name: String, _ reader: inout JSONReader, _ result: inout Reading,
        _ element: (inout JaegerJSONDecoder, inout JSONReader, inout Reading) throws -> Void
    ) throws {
        guard try reader.peek() == .array else {
            result.refuse("\(name) that are no JSON list")
            return try reader.skip()
        }
        try reader.beginArray()
        while try reader.nextElement() {
            try budget.take()
            if try reader.peek() == .object {
                try element(&self, &reader, &result)
            } else {
                result.refuse("one of its \(name) that is no JSON object")
                try reader.skip()
            }
        }
    }

    private mutating func traceID(_ reader: inout JSONReader, _ result: inout Reading) throws -> TraceID {
        let text = try strings.text(&reader)
        if let id = TraceID(hex: text), id.isValid { return id }
        result.refuse("trace id '\(text.prefix(40))', expected up to 32 hexadecimal digits that are not all zero")
        return TraceID(high: 0, low: 0)
    }

    /// No digits and all zero both mean none.
    private mutating func spanID(_ name: String, _ reader: inout JSONReader, _ result: inout Reading) throws -> SpanID {
        let text = try strings.text(&reader)
        if text.isEmpty { return SpanID(0) }
        if let id = SpanID(hex: text) { return id }
        result.refuse("\(name) '\(text.prefix(40))', expected up to 16 hexadecimal digits")
        return SpanID(0)
    }

    /// Microseconds as a number or as its digits between quotes, in nanoseconds; a fraction keeps its nanoseconds.
    private mutating func time(_ name: String, _ reader: inout JSONReader, _ result: inout Reading) throws -> UInt64 {
        let text = try strings.text(&reader)
        if let whole = UInt64(text) {
            let (time, overflow) = whole.multipliedReportingOverflow(by: 1000)
            if !overflow { return time }
        } else if let number = Double(text), number >= 0, let time = UInt64(exactly: (number * 1000).rounded()) {
            return time
        }
        result.refuse("\(name) '\(text.prefix(40))', expected microseconds, a number from 0 to \(UInt64.max / 1000)")
        return 0
    }
}
