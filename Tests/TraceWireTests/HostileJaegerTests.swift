import Testing
import TraceModel
import TraceWire

/// Damaged requests in Jaeger's formats end in an error or in spans, never in a trap; `needletail-fuzz` damages them at random.
@Suite struct HostileJaegerTests {
    /// What is read can be written and read again.
    private static func isStable(_ form: JaegerForm, _ bytes: [UInt8]) -> Bool {
        guard let first = try? form.decode(bytes) else { return true }
        return first.batch.resourceSpans.allSatisfy { group in
            guard let second = try? form.decode(form.encode(group)) else { return false }
            return second.rejectedSpanCount == 0 && second.batch.spanCount == group.scopeSpans.reduce(0) { $0 + $1.spans.count }
        }
    }

    private static func full(_ form: JaegerForm) -> [UInt8] { form.encode(FullSpan.batch.resourceSpans[0]) }

    @Test("A request that stops at any byte is refused", arguments: JaegerForm.allCases)
    func truncation(_ form: JaegerForm) {
        let bytes = Self.full(form)
        for end in 0..<bytes.count {
            if form == .protobuf {
                #expect(Self.isStable(form, Array(bytes[..<end])))
            } else {
                #expect(throws: WireError.self) { try form.decode(Array(bytes[..<end])) }
            }
        }
        #expect(throws: Never.self) { try form.decode(bytes) }
    }

    @Test("Any flipped bit", arguments: JaegerForm.allCases)
    func flippedBits(_ form: JaegerForm) {
        let good = Self.full(form)
        for index in 0..<good.count * 8 {
            var bytes = good
            bytes[index / 8] ^= 1 << UInt8(index % 8)
            #expect(Self.isStable(form, bytes))
        }
    }

    @Test("Any byte replaced by a large length", arguments: JaegerForm.allCases)
    func lengthsThatLie(_ form: JaegerForm) {
        let good = Self.full(form)
        for length in [[0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0x7f], [UInt8](repeating: 0xff, count: 9) + [0x01]] as [[UInt8]] {
            for index in good.indices { #expect(Self.isStable(form, good[..<index] + length + good[(index + 1)...])) }
        }
    }

    @Test("A list that claims to be huge takes no memory")
    func hugeLists() throws {
        // Compact: Batch {2: list of 2^32-1 structs}; binary: of 2^31-1, and of a negative number.
        let compact = FullSpan.bytes("8281 00 09 656d69744261746368 1c 29fc ffffffff0f 00 00 00")
        let error = try #require(throws: WireError.self) { try JaegerThrift.decodeCompactMessage(compact) }
        #expect(error.message.contains("found a list of 4294967295 elements where 3 bytes are left"))
        for count in ["7fffffff", "ffffffff"] {
            #expect(throws: WireError.self) { try JaegerThrift.decodeBinaryBatch(FullSpan.bytes("0f0002 0c \(count) 00 00")) }
            // An unknown field, a map, and an unknown list of lists.
            #expect(throws: WireError.self) { try JaegerThrift.decodeBinaryBatch(FullSpan.bytes("0d0063 0b0b \(count) 00 00")) }
            #expect(throws: WireError.self) { try JaegerThrift.decodeBinaryBatch(FullSpan.bytes("0b0001 \(count) 00")) }
        }
    }

    @Test("Unknown fields nested without end are refused", arguments: [UInt8(0x1c), 0x19])
    func depth(_ head: UInt8) throws {
        // Structs in structs; lists of one list each.
        let batch = head == 0x1c ? [UInt8](repeating: 0xfc, count: 1) + [UInt8](repeating: 0x1c, count: 100_000) : [0xf9] + [UInt8](repeating: 0x19, count: 100_000)
        let message = FullSpan.bytes("8281 00 09 656d69744261746368 1c") + batch
        let error = try #require(throws: WireError.self) { try JaegerThrift.decodeCompactMessage(message) }
        #expect(error.code == .tooDeep)
    }

    @Test("More elements than allowed are refused", arguments: JaegerForm.allCases)
    func elements(_ form: JaegerForm) throws {
        let bytes = Self.full(form)
        // 1 process and 1 tag, 1 span with 18 tags, 1 log with 3 fields, 1 reference; in protobuf one more, for the parent.
        let count = form == .protobuf ? 27 : 26
        #expect(try form.decode(bytes, maximumElements: count).batch.spanCount == 1)
        #expect(try #require(throws: WireError.self) { try form.decode(bytes, maximumElements: count - 1) }.code == .tooLarge)
    }
}
