internal import TraceModel
internal import TraceStore

/// What a block's summary, its filter and the lists of attributes say of its spans, gathered in one walk over the block's bytes.
struct BlockDigest: Sendable {
    /// The fewest spans that are worth a filter: blocks of fewer are merged soon.
    static let minimumFilterSpanCount = 129

    private(set) var spanCount = 0
    private(set) var minimumStart = UInt64.max
    private(set) var maximumStart: UInt64 = 0
    private(set) var maximumDuration: UInt64 = 0
    private(set) var marks = BlockSummary.Marks.none
    private(set) var operations: [OperationKey] = []
    /// Fingerprints of the trace ids, sorted, unique.
    private(set) var traces: [UInt32] = []
    /// Empty without one.
    private(set) var filter: [UInt8] = []
    private(set) var attributes: [AttributeSummary] = []

    /// - Parameters:
    ///   - bytes: an `ExportTraceServiceRequest` as the store's own encoder writes it, not compressed.
    ///   - spanCount: about how many spans it has.
    /// - Throws: `.corrupt` when the bytes are no whole message.
    init(_ bytes: [UInt8], spanCount: Int) throws(StoreError) {
        let isWhole = bytes.withUnsafeBytes { buffer in
            var walk = BlockWalk(buffer, spanCount: spanCount)
            walk.block()
            self.spanCount = walk.spanCount
            minimumStart = walk.minimumStart
            maximumStart = walk.maximumStart
            maximumDuration = walk.maximumDuration
            marks = walk.marks
            operations = walk.operations()
            traces = walk.traces
            traces.sortAndUnique()
            attributes = walk.attributes.summaries()
            if walk.spanCount >= Self.minimumFilterSpanCount { filter = walk.attributes.filter() }
            return !walk.isBroken
        }
        guard isWhole else { throw StoreError(code: .corrupt, message: "the block's message is cut off") }
    }
}

/// Steps through the messages of a block.
private struct BlockWalk: ~Copyable {
    // Unsafe: `BlockDigest` keeps the bytes in place; ranges come from fields, which are checked against their message.
    let buffer: UnsafeRawBufferPointer
    var attributes: AttributeCollector
    var isBroken = false
    var spanCount = 0
    var minimumStart = UInt64.max
    var maximumStart: UInt64 = 0
    var maximumDuration: UInt64 = 0
    var marks = BlockSummary.Marks.none
    var traces: [UInt32] = []
    /// Names of spans, tagged with the number of their resource and their kind.
    private var names: RangeTable
    private var operationKinds: [(resource: Int, kind: SpanKind)] = []
    private var services: [String] = []

    init(_ buffer: UnsafeRawBufferPointer, spanCount: Int) {
        self.buffer = buffer
        attributes = AttributeCollector(buffer, spanCount: spanCount)
        names = RangeTable(buffer, capacity: 64)
    }

    func operations() -> [OperationKey] {
        let keys = operationKinds.enumerated().map { number, operation in
            OperationKey(service: services[operation.resource], name: String(decoding: buffer[names.range(number)], as: UTF8.self), kind: operation.kind)
        }
        return services.count > 1 ? Array(Set(keys)) : keys
    }

    mutating func block() {
        var fields = ProtobufFields(buffer, 0..<buffer.count)
        while let field = fields.next() {
            if field.number == 1, field.isBytes { resourceSpans(field.value) }
        }
        if fields.isBroken { isBroken = true }
    }

    /// `message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }`
    private mutating func resourceSpans(_ range: Range<Int>) {
        let before = spanCount
        var resource = range.lowerBound..<range.lowerBound
        services.append(Resource.unknownService)
        var fields = ProtobufFields(buffer, range)
        while let field = fields.next() {
            if field.number == 1, field.isBytes { resource = field.value }
            if field.number == 2, field.isBytes { scopeSpans(field.value) }
        }
        if fields.isBroken { isBroken = true }
        services[services.count - 1] = service(resource)
        list(resource, field: 1, .resource, spanCount - before)
    }

    /// `message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }`
    private mutating func scopeSpans(_ range: Range<Int>) {
        let before = spanCount
        var scope = range.lowerBound..<range.lowerBound
        var fields = ProtobufFields(buffer, range)
        while let field = fields.next() {
            if field.number == 1, field.isBytes { scope = field.value }
            if field.number == 2, field.isBytes { span(field.value) }
        }
        if fields.isBroken { isBroken = true }
        // `message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; … }`
        list(scope, field: 3, .instrumentation, spanCount - before)
    }

    /// `message Span { bytes trace_id = 1; …; string name = 5; SpanKind kind = 6; fixed64 start_time_unix_nano = 7;
    /// fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; …; repeated Event events = 11; …; repeated Link links = 13; …;
    /// Status status = 15; … }`
    private mutating func span(_ range: Range<Int>) {
        var name = range.lowerBound..<range.lowerBound
        var kind = SpanKind.unspecified
        var status = SpanStatus.Code.unset
        var start: UInt64 = 0
        var end: UInt64 = 0
        var trace = TraceID(high: 0, low: 0)
        var fields = ProtobufFields(buffer, range)
        while let field = fields.next() {
            switch field.number {
            case 9 where field.isBytes:
                attributes.add(field.value, .span)
                while let next = fields.nextShort(tag: 9 << 3 | 2) { attributes.add(next, .span) }
            case 1 where field.value.count == 16:
                trace = TraceID(high: fields.word(field.value.lowerBound).bigEndian, low: fields.word(field.value.lowerBound &+ 8).bigEndian)
            case 5 where field.isBytes: name = field.value
            case 6: kind = SpanKind(rawValue: UInt8(clamping: fields.number(field))) ?? .unspecified
            case 7 where field.value.count == 8: start = fields.word(field.value.lowerBound).littleEndian
            case 8 where field.value.count == 8: end = fields.word(field.value.lowerBound).littleEndian
            case 11 where field.isBytes: list(field.value, field: 3, .event, 1)
            case 13 where field.isBytes: list(field.value, field: 4, .link, 1)
            case 15 where field.isBytes: status = code(field.value)
            default: break
            }
        }
        if fields.isBroken { isBroken = true }
        let duration = end > start ? end - start : 0
        spanCount += 1
        minimumStart = min(minimumStart, start)
        maximumStart = max(maximumStart, start)
        maximumDuration = max(maximumDuration, duration)
        marks.insert(status: status.rawValue, kind: kind.rawValue, duration: duration)
        let fingerprint = BlockSummary.fingerprint(trace)
        if traces.last != fingerprint { traces.append(fingerprint) }
        let resource = services.count - 1
        let number = names.number(of: name, tag: resource << 3 | Int(kind.rawValue))
        if number == operationKinds.count { operationKinds.append((resource, kind)) }
    }

    /// The attributes of a resource, a scope, an event or a link.
    private mutating func list(_ range: Range<Int>, field number: UInt64, _ scope: AttributeScope, _ weight: Int) {
        var fields = ProtobufFields(buffer, range)
        while let field = fields.next() {
            if field.number == number, field.isBytes { attributes.add(field.value, scope, weight) }
        }
        if fields.isBroken { isBroken = true }
    }

    /// `message Status { reserved 1; string message = 2; StatusCode code = 3; }`
    private func code(_ range: Range<Int>) -> SpanStatus.Code {
        var fields = ProtobufFields(buffer, range)
        var code = SpanStatus.Code.unset
        while let field = fields.next() {
            if field.number == 3, !field.isBytes { code = SpanStatus.Code(rawValue: UInt8(clamping: fields.number(field))) ?? .unset }
        }
        return code
    }

    /// As ``TraceModel/Resource/serviceName``: the first attribute of this key counts.
    private func service(_ resource: Range<Int>) -> String {
        var fields = ProtobufFields(buffer, resource)
        while let field = fields.next() {
            guard field.number == 1, field.isBytes else { continue }
            var parts = ProtobufFields(buffer, field.value)
            var isService = false
            var value = BlockAttributeValue.other
            while let part = parts.next() {
                if part.number == 1, part.isBytes { isService = buffer[part.value].elementsEqual("service.name".utf8) }
                if part.number == 2, part.isBytes { value = BlockAttributeValue(buffer, part.value) }
            }
            guard isService else { continue }
            if case .text(let name) = value, !name.isEmpty { return String(decoding: buffer[name], as: UTF8.self) }
            return Resource.unknownService
        }
        return Resource.unknownService
    }
}
