/// Server-sent events out of the pieces in which they come (HTML Living Standard, section 9.2).
struct ServerSentEvents: Sendable {
    struct Event: Hashable, Sendable {
        /// `message` when the stream names none.
        var name: String
        var data: String
    }

    /// A longer line, or longer data of one event, ends the stream; bytes.
    private let maximumSize: Int

    private var line: [UInt8] = []
    private var name = ""
    private var data: String?
    private var endsWithReturn = false

    init(maximumSize: Int = 16 << 20) {
        self.maximumSize = maximumSize
    }

    /// - Returns: the events that are complete now; `nil` for a stream that sends too much at once.
    mutating func feed(_ bytes: some Sequence<UInt8>) -> [Event]? {
        var events: [Event] = []
        for byte in bytes {
            // A line ends with a return, a new line, or both.
            if byte == UInt8(ascii: "\n"), endsWithReturn {
                endsWithReturn = false
                continue
            }
            endsWithReturn = byte == UInt8(ascii: "\r")
            guard byte == UInt8(ascii: "\n") || endsWithReturn else {
                guard line.count < maximumSize else { return nil }
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
            guard data?.utf8.count ?? 0 <= maximumSize else { return nil }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer { (name, data) = ("", nil) }
            return data.map { Event(name: name.isEmpty ? "message" : name, data: $0) }
        }
        let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count > 1 ? parts[1] : []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let text = String(decoding: value, as: UTF8.self)
        // Lines that begin with a colon are comments.
        switch String(decoding: parts[0], as: UTF8.self) {
        case "event": name = text
        case "data": data = data.map { $0 + "\n" + text } ?? text
        default: break
        }
        return nil
    }
}
