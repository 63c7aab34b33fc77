internal import TraceModel

/// Parameters that several of Tempo's endpoints share; the errors are Tempo's, word for word where they are known.
enum TempoParameters {
    /// The longest range of a search.
    static let maximumRangeSeconds: UInt64 = 168 * 3600

    /// `start` and `end` in seconds since 1970: both or none; none is all time.
    static func window(_ items: QueryItems, maximumSeconds: UInt64? = maximumRangeSeconds) throws(BadParameter) -> ClosedRange<UInt64> {
        let start = try seconds(items, "start")
        let end = try seconds(items, "end")
        if (start ?? 0) == 0, (end ?? 0) == 0 { return 0...UInt64.max }
        guard let start, let end, start > 0, end > 0 else {
            throw BadParameter("please provide positive values for http parameters start and end. received start=\(start ?? 0) end=\(end ?? 0)")
        }
        guard start < end else { throw BadParameter("http parameter start must be before end. received start=\(start) end=\(end)") }
        if let maximumSeconds, end - start > maximumSeconds {
            throw BadParameter("range specified by start and end exceeds \(maximumSeconds / 3600)h0m0s. received start=\(start) end=\(end)")
        }
        return start * 1_000_000_000...end * 1_000_000_000
    }

    /// Seconds since 1970 that nanoseconds can hold.
    static func seconds(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = UInt64(text) else { throw BadParameter("invalid \(name): strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
        guard value <= UInt64.max / 1_000_000_000 else {
            throw BadParameter("invalid \(name): strconv.ParseInt: parsing \"\(text)\": value out of range")
        }
        return value
    }

    /// A number of at least 1.
    static func count(_ items: QueryItems, _ name: String, as shown: String? = nil, default standard: Int, maximum: Int) throws(BadParameter) -> Int {
        guard let text = items.nonEmpty(name) else { return standard }
        let shown = shown ?? name
        guard let value = Int(text) else { throw BadParameter("invalid \(shown): strconv.Atoi: parsing \"\(text)\": invalid syntax") }
        guard value > 0 else { throw BadParameter("invalid \(shown): must be a positive number") }
        guard value <= maximum else { throw BadParameter("\(shown) \(value) exceeds max \(shown) \(maximum)") }
        return value
    }

    /// Go's durations.
    static func duration(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = GoDuration.nanoseconds(text) else { throw BadParameter("invalid \(name): time: invalid duration \"\(text)\"") }
        return value
    }

    /// Hexadecimal digits, at most 32, zeros on the left left out or not.
    static func traceID(_ text: String) throws(BadParameter) -> TraceID {
        for (position, character) in text.enumerated() where !character.isHexDigit || !character.isASCII {
            throw BadParameter("trace IDs can only contain hex characters: invalid character '\(character)' at position \(position + 1)")
        }
        guard let id = TraceID(hex: text) else { throw BadParameter("trace IDs can't be larger than 128 bits") }
        return id
    }
}
