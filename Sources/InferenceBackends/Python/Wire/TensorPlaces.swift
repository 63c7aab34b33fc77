internal import Inference
internal import JSONCoding

/// Where the bytes of a message's tensors are: behind the header, or in shared memory.
enum TensorPlace: Int {
    case inline = 0
    case arena = 1
}

/// Puts tensors into a message for a worker.
struct TensorWriter {
    /// Tensors of up to so many bytes travel behind the header.
    static let inlineLimit = 32 << 10
    /// A body grows to about this before further tensors go through shared memory.
    static let inlineBodyLimit = 96 << 10

    var body: [UInt8] = []

    /// Keeps the bytes, and writes `[name, element type, [axes], place, offset, length]`.
    mutating func add(_ name: String, _ dataType: DataType, shape: ArraySlice<Int>, parts: [[UInt8]], to json: inout JSONWriter, arena: inout TensorArena) throws {
        let length = parts.reduce(0) { $0 + $1.count }
        let (place, offset) = try put(parts, length: length, arena: &arena)
        json.beginArray()
        json.string(name)
        json.string(dataType.rawValue)
        json.beginArray()
        for axis in shape { json.int(axis) }
        json.endArray()
        json.int(place.rawValue)
        json.int(offset)
        json.int(length)
        json.endArray()
    }

    private mutating func put(_ parts: [[UInt8]], length: Int, arena: inout TensorArena) throws -> (TensorPlace, Int) {
        if length > Self.inlineLimit || body.count + length > Self.inlineBodyLimit, var offset = arena.allocate(length) {
            let start = offset
            for part in parts {
                try arena.write(part, at: offset)
                offset += part.count
            }
            return (.arena, start)
        }
        // numpy wants its elements aligned.
        while body.count % 8 != 0 { body.append(0) }
        let start = body.count
        for part in parts { body.append(contentsOf: part) }
        return (.inline, start)
    }
}

/// One tensor of a worker's message.
struct ReceivedTensor {
    var name: String
    var dataType: DataType
    var shape: [Int]
    var storage: [UInt8]

    /// Reads `[name, element type, [axes], place, offset, length]`.
    ///
    /// - Throws: ``WorkerProtocolError``, `JSONError` or ``SystemError``.
    init(_ reader: inout JSONReader, body: [UInt8], arena: borrowing TensorArena) throws {
        func element() throws {
            guard try reader.nextElement() else { throw WorkerProtocolError("a tensor has name, type, shape, place, offset and length") }
        }
        try reader.beginArray()
        try element()
        name = try reader.readString()
        try element()
        let typeName = try reader.readString()
        guard let dataType = DataType(rawValue: typeName) else { throw WorkerProtocolError("'\(typeName)' is no element type") }
        self.dataType = dataType
        try element()
        shape = []
        try reader.beginArray()
        while try reader.nextElement() { shape.append(Int(try reader.readInt64())) }
        try element()
        let place = TensorPlace(rawValue: Int(try reader.readInt64()))
        try element()
        let offset = Int(try reader.readInt64())
        try element()
        let length = Int(try reader.readInt64())
        guard try !reader.nextElement() else { throw WorkerProtocolError("a tensor has name, type, shape, place, offset and length") }
        let (end, overflow) = offset.addingReportingOverflow(length)
        guard offset >= 0, length >= 0, !overflow else { throw WorkerProtocolError("tensor '\(name)' lies nowhere") }
        switch place {
        case .inline:
            guard end <= body.count else { throw WorkerProtocolError("tensor '\(name)' goes beyond its message") }
            storage = offset == 0 && length == body.count ? body : Array(body[offset..<end])
        case .arena:
            guard end <= arena.maximumSize else { throw WorkerProtocolError("tensor '\(name)' goes beyond the shared memory") }
            storage = try arena.read(count: length, at: offset)
        case nil:
            throw WorkerProtocolError("tensor '\(name)' is in an unknown place")
        }
    }

    func tensor() throws(InferenceError) -> Tensor { try Tensor(dataType: dataType, shape: shape, storage: storage) }
}
