/// One message between the server and a Python worker: docs/python-workers.md, "Frames".
///
/// On the wire: header length and body length (32-bit, little-endian), the kind, three zero bytes,
/// the batch (32-bit), the header as JSON, the body.
struct WorkerFrame: Sendable {
    enum Kind: UInt8, Sendable {
        // From the server.
        case welcome = 1, execute, credit, cancel, callResponse, cancelAnswer, stop, arena, bound
        // From the worker.
        case hello = 32, ready, failed, response, done, call, log, spans, cancelQuery, callCredit, fatal
    }

    var kind: Kind
    /// Counts the batches of a connection from 1; 0 for messages that belong to none.
    var batch: UInt32
    /// JSON; may be empty.
    var header: [UInt8]
    /// Bytes of small tensors.
    var body: [UInt8]

    init(_ kind: Kind, batch: UInt32 = 0, header: [UInt8] = [], body: [UInt8] = []) {
        self.kind = kind
        self.batch = batch
        self.header = header
        self.body = body
    }

    /// The version of the protocol; a worker that speaks another one is refused.
    static let protocolVersion = 1
    /// Bytes in front of each frame.
    static let prefixLength = 16
    /// A longer header is taken for a broken stream.
    static let maxHeaderLength = 64 << 20
    /// A longer body is taken for a broken stream; bigger tensors go through shared memory.
    static let maxBodyLength = 1 << 30

    /// As it is sent.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.prefixLength + header.count + body.count)
        withUnsafeBytes(of: UInt32(header.count).littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(body.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: [kind.rawValue, 0, 0, 0])
        withUnsafeBytes(of: batch.littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: header)
        bytes.append(contentsOf: body)
        return bytes
    }
}

/// Why a worker's messages cannot be read.
struct WorkerProtocolError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Cuts a stream of bytes into frames.
struct WorkerFrameDecoder {
    private var buffer: [UInt8] = []
    private var start = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next complete frame; `nil` when more bytes are needed.
    mutating func next() throws(WorkerProtocolError) -> WorkerFrame? {
        let available = buffer.count - start
        guard available >= WorkerFrame.prefixLength else { return nil }
        let headerLength = length(at: start)
        let bodyLength = length(at: start + 4)
        guard headerLength <= WorkerFrame.maxHeaderLength, bodyLength <= WorkerFrame.maxBodyLength else {
            throw WorkerProtocolError("a message with a header of \(headerLength) bytes and a body of \(bodyLength) bytes is beyond the limits")
        }
        guard let kind = WorkerFrame.Kind(rawValue: buffer[start + 8]) else {
            throw WorkerProtocolError("a message of the unknown kind \(buffer[start + 8])")
        }
        let total = WorkerFrame.prefixLength + headerLength + bodyLength
        guard available >= total else {
            buffer.reserveCapacity(start + total)
            return nil
        }
        let header = start + WorkerFrame.prefixLength
        let frame = WorkerFrame(
            kind,
            batch: UInt32(length(at: start + 12)),
            header: Array(buffer[header..<header + headerLength]),
            body: Array(buffer[header + headerLength..<start + total])
        )
        start += total
        return frame
    }

    /// A larger buffer is given back when it is empty.
    private static let keptCapacity = 1 << 20

    private func length(at index: Int) -> Int {
        var value = 0
        for offset in 0..<4 { value |= Int(buffer[index + offset]) << (8 * offset) }
        return value
    }
}
