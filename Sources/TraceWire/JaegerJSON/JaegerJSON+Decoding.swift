internal import JSONCoding
internal import TraceModel

extension JaegerJSON {
    /// Deep enough for the way to a tag, and for members that nobody knows.
    private static let maximumJSONDepth = WireLimit.valueDepth + 16

    /// Reads what Jaeger's query API answers, and what its page saves: `{"data":[Trace]}`, `[Trace]`, one `Trace`, or a list of
    /// spans that carry their own `process` (as Jaeger keeps them in Elasticsearch).
    ///
    /// A span without valid ids or times, or with a member of another type, is left out alone and counted.
    ///
    /// - Parameter maximumElements: how many spans, references, logs and tags it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such JSON or hold more elements.
    public static func decode(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        do {
            return try JSONReader.read(bytes, maximumDepth: maximumJSONDepth) { reader in
                var decoder = JaegerJSONDecoder(maximumElements: maximumElements)
                return try decoder.decode(&reader)
            }
        } catch let error as WireError {
            throw error
        } catch let error as JSONError {
            throw WireError(
                code: error.code == .tooDeep ? .tooDeep : .malformed,
                message: "malformed Jaeger JSON at byte \(error.offset): \(error.message)")
        } catch {
            throw WireError(code: .malformed, message: "malformed Jaeger JSON: \(error)")
        }
    }
}
