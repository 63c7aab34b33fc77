import NeedletailTracing
import ServiceContextModule
import Testing

@Suite("Baggage")
struct BaggageTests {
    private enum OtherLibraryKey: ServiceContextKey {
        typealias Value = String
    }

    @Test("Values are set, read, replaced and removed through the context")
    func context() {
        var context = ServiceContext.topLevel
        #expect(context.baggage["a"] == nil)
        context.baggage["a"] = "B% 💼"
        context.baggage["A"] = "c"
        #expect(context.baggage["a"] == "B% 💼")
        #expect(context.baggage["A"] == "c")
        context.baggage["a"] = "2"
        #expect(context.baggage.map { "\($0.key)=\($0.value)" } == ["a=2", "A=c"])
        context.baggage["a"] = nil
        #expect(context.baggage.removeValue(forKey: "A") == "c")
        #expect(context.baggage.isEmpty)
        #expect(context.isEmpty)
    }

    @Test("A context is a value: children do not change what the parent sees")
    func value() {
        var parent = ServiceContext.topLevel
        parent.baggage["a"] = "1"
        var child = parent
        child.baggage["a"] = "2"
        child.baggage.removeAll()
        #expect(parent.baggage == ["a": "1"])
    }

    @Test("Other libraries' values are not baggage")
    func otherKeys() {
        var context = ServiceContext.topLevel
        context[OtherLibraryKey.self] = "secret"
        #expect(context.baggage.isEmpty)
        #expect(W3CBaggagePropagator().headers(for: context).isEmpty)
    }

    @Test("Metadata is kept with its value, and goes with a new one")
    func metadata() {
        var baggage = Baggage()
        baggage.set("1", forKey: "a", metadata: "p=1")
        #expect(baggage.entry(forKey: "a") == Baggage.Entry(key: "a", value: "1", metadata: "p=1"))
        baggage["a"] = "2"
        #expect(baggage.entry(forKey: "a")?.metadata == "")
    }
}
