internal import JSONCoding
internal import TraceModel

/// Reads the entries of a trace file, each a flat object, and puts those of one request together.
///
/// Triton writes characters of tensors and request ids as they are, which breaks the JSON of their entry; such an entry is read by
/// the order of its members, which Triton keeps.
struct TritonTraceReader: ~Copyable {
    /// Entries that could not be read.
    struct Unreadable {
        private(set) var count = 0
        private var first = ""

        mutating func add(_ reason: String) {
            if count == 0 { first = reason }
            count += 1
        }

        var message: String {
            switch count {
            case 0: ""
            case 1: "1 entry of the trace file could not be read: \(first)"
            default: "\(count) entries of the trace file could not be read; the first: \(first)"
            }
        }
    }

    /// The members of an entry.
    private struct Entry {
        var id: UInt64?
        var modelName: String?
        var modelVersion: Int64?
        var requestID: String?
        var parentID: UInt64?
        var tensor: TritonTrace.Tensor?
        var activity = ""
        var timestamps: [TritonTrace.Timestamp] = []
    }

    private(set) var traces: [TritonTrace] = []
    private(set) var unreadable = Unreadable()
    private var positions: [UInt64: Int] = [:]
    private var strings = StringCache()
    private var budget: ElementBudget

    init(maximumElements: Int) {
        budget = ElementBudget(maximumElements)
    }

    /// - Parameter bytes: stay in place while the reader lives.
    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        let whole: JSONError
        do {
            try JSONReader.read(bytes) { reader in
                try reader.beginArray()
                while try reader.nextElement() { try entry(&reader) }
            }
            return
        } catch let error as WireError {
            throw error
        } catch let error as JSONError {
            whole = error
        } catch {
            throw WireError(code: .malformed, message: "malformed trace file of Triton: \(error)")
        }
        try readOneByOne(bytes, whole)
    }

    // MARK: Valid JSON

    private mutating func entry(_ reader: inout JSONReader) throws {
        try budget.take()
        let offset = reader.offset
        var entry = Entry()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": entry.id = try number(&reader)
            case "timestamps": try timestamps(&reader, &entry)
            case "model_name": entry.modelName = try strings.text(&reader)
            case "model_version": entry.modelVersion = try number(&reader).map { Int64(clamping: $0) }
            case "request_id": entry.requestID = try strings.text(&reader)
            case "parent_id": entry.parentID = try number(&reader)
            case "activity": entry.activity = try strings.text(&reader)
            case "tensor": entry.tensor = try tensor(&reader)
            default: try reader.skip()
            }
        }
        add(entry, at: offset)
    }

    /// `[{"name":string,"ns":uint64}]`
    private mutating func timestamps(_ reader: inout JSONReader, _ entry: inout Entry) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            try budget.take()
            var timestamp = TritonTrace.Timestamp(name: "", time: 0)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": timestamp.name = try strings.text(&reader)
                case "ns": timestamp.time = try number(&reader) ?? 0
                default: try reader.skip()
                }
            }
            entry.timestamps.append(timestamp)
        }
    }

    /// `{"name":string,"data":string,"shape":string,"dtype":string}`
    private mutating func tensor(_ reader: inout JSONReader) throws -> TritonTrace.Tensor {
        var tensor = TritonTrace.Tensor(activity: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": tensor.name = try strings.text(&reader)
            case "data": tensor.data = try strings.text(&reader)
            case "shape": tensor.shape = try strings.text(&reader)
            case "dtype": tensor.dataType = try strings.text(&reader)
            default: try reader.skip()
            }
        }
        return tensor
    }

    /// A number that is not negative, with or without quotes.
    private mutating func number(_ reader: inout JSONReader) throws -> UInt64? {
        if try reader.peek() == .number { return try reader.readUInt64() }
        return UInt64(try strings.text(&reader))
    }

    // MARK: Entries that are no JSON

    /// The way in which each entry begins that Triton writes.
    private static let start = Array(#"{"id":"#.utf8)

    private mutating func readOneByOne(_ bytes: UnsafeRawBufferPointer, _ whole: JSONError) throws(WireError) {
        let starts = Self.starts(in: bytes)
        guard !starts.isEmpty else {
            throw WireError(
                code: whole.code == .tooDeep ? .tooDeep : .malformed,
                message: "malformed trace file of Triton at byte \(whole.offset): \(whole.message)")
        }
        traces = []
        positions = [:]
        unreadable = Unreadable()
        for (index, start) in starts.enumerated() {
            let end = Self.end(of: bytes, from: start, to: index + 1 < starts.count ? starts[index + 1] : bytes.count)
            let slice = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            do {
                try JSONReader.read(slice) { try entry(&$0) }
            } catch let error as WireError {
                throw error
            } catch {
                if let entry = repaired(slice) {
                    add(entry, at: start)
                } else {
                    unreadable.add("byte \(start): \((error as? JSONError)?.message ?? "\(error)")")
                }
            }
        }
    }

    /// Where entries begin: behind a bracket or comma.
    private static func starts(in bytes: UnsafeRawBufferPointer) -> [Int] {
        var starts: [Int] = []
        // The last byte that is no blank.
        var before = UInt8(ascii: "[")
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "{"), before == UInt8(ascii: "[") || before == UInt8(ascii: ","), bytes.count - index > start.count,
                bytes[index..<index + start.count].elementsEqual(start)
            {
                starts.append(index)
            }
            if byte > 0x20 { before = byte }
            index += 1
        }
        return starts
    }

    /// The end of an entry, without the comma or the bracket behind it.
    private static func end(of bytes: UnsafeRawBufferPointer, from start: Int, to next: Int) -> Int {
        var end = next
        while end > start, bytes[end - 1] != UInt8(ascii: "}") { end -= 1 }
        return end > start ? end : next
    }

    /// Reads a tensor or a model by the order of its members.
    private func repaired(_ slice: UnsafeRawBufferPointer) -> Entry? {
        let text = String(decoding: slice, as: UTF8.self)
        var entry = Entry()
        entry.id = UInt64(text.dropFirst(Self.start.count).prefix { $0.isASCII && $0.isNumber })
        if let activity = Self.between(text, #""activity":""#, #"","tensor":{"name":""#),
            let name = Self.between(text, #"","tensor":{"name":""#, #"","data":""#),
            let data = Self.between(text, #"","data":""#, #"","shape":""#, last: true),
            let shape = Self.between(text, #"","shape":""#, #"","dtype":""#, last: true, startLast: true),
            let dataType = Self.between(text, #"","dtype":""#, #""}}"#, last: true, startLast: true)
        {
            entry.activity = activity
            entry.tensor = TritonTrace.Tensor(
                activity: activity, name: name, data: Self.unescaped(data), shape: shape, dataType: dataType)
            return entry
        }
        if let name = Self.between(text, #""model_name":""#, #"","model_version":"#) {
            entry.modelName = name
            let rest = text.range(text: #"","model_version":"#, last: false).map { text[$0.upperBound...] } ?? ""
            entry.modelVersion = Int64(rest.prefix { $0.isASCII && $0.isNumber })
            let parentMark = #","parent_id":"#
            if let parent = text.range(text: parentMark, last: true) {
                entry.parentID = UInt64(text[parent.upperBound...].prefix { $0.isASCII && $0.isNumber })
            }
            entry.requestID = Self.between(text, #","request_id":""#, entry.parentID == nil ? #""}"# : #"""# + parentMark, last: true)
            return entry
        }
        return nil
    }

    /// What stands between two texts.
    private static func between(_ text: String, _ start: String, _ end: String, last: Bool = false, startLast: Bool = false) -> String? {
        guard let from = text.range(text: start, last: startLast)?.upperBound, let to = text.range(text: end, last: last)?.lowerBound, from <= to
        else { return nil }
        return String(text[from..<to])
    }

    private static func unescaped(_ text: String) -> String {
        var result = ""
        var isEscaped = false
        for character in text.unicodeScalars {
            if character == "\\", !isEscaped {
                isEscaped = true
                continue
            }
            if isEscaped, character != "\"", character != "\\" { result.unicodeScalars.append("\\") }
            isEscaped = false
            result.unicodeScalars.append(character)
        }
        return result
    }

    // MARK: Putting together

    private mutating func add(_ entry: Entry, at offset: Int) {
        guard let id = entry.id else { return unreadable.add("byte \(offset): an entry without the number 'id'") }
        let position: Int
        if let last = traces.indices.last, traces[last].id == id {
            position = last
        } else if let known = positions[id] {
            position = known
        } else {
            position = traces.count
            positions[id] = position
            traces.append(TritonTrace(id: id))
        }
        traces[position].timestamps.append(contentsOf: entry.timestamps)
        if let name = entry.modelName { traces[position].modelName = name }
        if let version = entry.modelVersion { traces[position].modelVersion = version }
        if let requestID = entry.requestID { traces[position].requestID = requestID }
        if let parentID = entry.parentID { traces[position].parentID = parentID }
        if var tensor = entry.tensor {
            tensor.activity = entry.activity
            traces[position].tensors.append(tensor)
        }
    }
}

extension String {
    /// Where the first or the last occurrence of a text is.
    fileprivate func range(text: String, last: Bool) -> Range<String.Index>? {
        let bytes = utf8
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count, let first = wanted.first else { return nil }
        var found: Range<String.Index>?
        var index = bytes.startIndex
        let limit = bytes.index(bytes.endIndex, offsetBy: 1 - wanted.count)
        while index < limit {
            if bytes[index] == first, bytes[index...].starts(with: wanted) {
                found = index..<bytes.index(index, offsetBy: wanted.count)
                if !last { return found }
            }
            index = bytes.index(after: index)
        }
        return found
    }
}
