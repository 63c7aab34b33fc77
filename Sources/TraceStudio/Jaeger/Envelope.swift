internal import JSONCoding

/// The frame around every answer of Jaeger's v1 API: `{"data":…,"total":N,"limit":0,"offset":0,"errors":null}`.
enum Envelope {
    static func data(total: Int, errors: [APIError] = [], _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key("data")
        write(&writer)
        finish(&writer, total: total, errors: errors)
        return writer.finish()
    }

    /// What stands before and behind the elements of a list.
    static func frame(total: Int, errors: [APIError]) -> (prefix: [UInt8], suffix: [UInt8]) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("data")
        writer.beginArray()
        let prefix = writer.take()
        writer.endArray()
        finish(&writer, total: total, errors: errors)
        return (prefix, writer.finish())
    }

    static func errors(_ errors: [APIError]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("data")
        writer.null()
        finish(&writer, total: 0, errors: errors)
        return writer.bytes
    }

    private static func finish(_ writer: inout JSONWriter, total: Int, errors: [APIError]) {
        writer.key("total")
        writer.int(total)
        writer.key("limit")
        writer.int(0)
        writer.key("offset")
        writer.int(0)
        writer.key("errors")
        if errors.isEmpty {
            writer.null()
        } else {
            writer.beginArray()
            for error in errors {
                writer.beginObject()
                writer.key("code")
                writer.int(error.status)
                writer.key("msg")
                writer.string(error.message)
                if let traceID = error.traceID {
                    writer.key("traceID")
                    writer.string(traceID)
                }
                if let place = error.place {
                    writer.key("line")
                    writer.int(place.line)
                    writer.key("column")
                    writer.int(place.column)
                    writer.key("length")
                    writer.int(place.length)
                    if let suggestion = place.suggestion {
                        writer.key("suggestion")
                        writer.string(suggestion)
                    }
                }
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
    }
}
