internal import JSONCoding
internal import TraceModel

extension ZipkinJSONDecoder {
    /// A list of spans of version 1.
    mutating func decodeV1(_ reader: inout JSONReader) throws -> DecodedSpans {
        try list(&reader, isTrace: false) { decoder, reader in
            for span in try decoder.spanV1(&reader).spans() { try decoder.groups.add(span, &decoder.budget) }
        }
        return groups.decoded
    }

    /// `{"traceId":hex,"id":hex,"parentId":hex,"name":string,"timestamp":µs,"duration":µs,"debug":bool,"annotations":[Annotation],
    /// "binaryAnnotations":[BinaryAnnotation]}`
    private mutating func spanV1(_ reader: inout JSONReader) throws -> ZipkinV1Span {
        var result = ZipkinV1Span()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "annotations":
                try objects("annotations", &reader, &result.span) { decoder, reader, span in
                    result.annotations.append(try decoder.annotationV1(&reader, &span))
                }
            case "binaryAnnotations":
                try objects("binaryAnnotations", &reader, &result.span) { decoder, reader, _ in
                    result.binaryAnnotations.append(try decoder.binaryAnnotationV1(&reader))
                }
            default: try member(key, &reader, &result.span)
            }
        }
        return result
    }

    /// `{"timestamp":µs,"value":string,"endpoint":Endpoint}`
    private mutating func annotationV1(_ reader: inout JSONReader, _ span: inout ZipkinSpan) throws -> ZipkinV1Span.Annotation {
        var annotation = ZipkinV1Span.Annotation()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "timestamp": annotation.value.timestamp = try time("annotation timestamp", &reader, &span) ?? 0
            case "value": annotation.value.value = try strings.text(&reader)
            case "endpoint": annotation.endpoint = try endpoint(&reader)
            default: try reader.skip()
            }
        }
        return annotation
    }

    /// `{"key":string,"value":string or bool,"endpoint":Endpoint}`
    private mutating func binaryAnnotationV1(_ reader: inout JSONReader) throws -> ZipkinV1Span.BinaryAnnotation {
        var annotation = ZipkinV1Span.BinaryAnnotation()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "key": annotation.tag.key = try strings.text(&reader)
            case "value": annotation.tag.value = try PlainJSON.read(&reader, &budget)
            case "endpoint": annotation.endpoint = try endpoint(&reader)
            default: try reader.skip()
            }
        }
        return annotation
    }
}
