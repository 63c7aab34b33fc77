import Testing
import TraceModel

@Suite("Trace and span ids")
struct TraceIDTests {
    @Test("text is 32 lower-case digits and comes back whole")
    func roundTrip() {
        let id = TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c)
        #expect(id.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(TraceID(hex: id.description) == id)
        #expect(TraceID(hex: id.description.uppercased()) == id)
    }

    @Test("short text is padded on the left, as Jaeger's and Zipkin's clients send it")
    func shortText() {
        #expect(TraceID(hex: "1") == TraceID(high: 0, low: 1))
        #expect(TraceID(hex: "10000000000000000") == TraceID(high: 1, low: 0))
        #expect(SpanID(hex: "ff") == SpanID(255))
    }

    @Test("text that is no id is refused", arguments: ["", "xyz", "0x12", " 1", "123456789012345678901234567890123"])
    func badText(text: String) {
        #expect(TraceID(hex: text) == nil)
        #expect(SpanID(hex: text) == nil)
    }

    @Test("all zero is invalid")
    func validity() {
        #expect(!TraceID(high: 0, low: 0).isValid)
        #expect(TraceID(high: 1, low: 0).isValid)
        #expect(!SpanID(0).isValid)
    }

    @Test("order is that of the text")
    func order() {
        let ids = [TraceID(high: 0, low: 9), TraceID(high: 1, low: 0), TraceID(high: 1, low: 5)]
        #expect(ids.shuffled().sorted() == ids)
        #expect(ids.map(\.description).sorted() == ids.map(\.description))
    }
}
