import Testing
import TraceModel
import TraceStore

@Suite("attribute values as text")
struct SearchTextTests {
    @Test(
        "each type",
        arguments: [
            (AttributeValue.string("a b"), "a b"), (true, "true"), (false, "false"), (-5, "-5"), (200.0, "200"), (-0.5, "-0.5"),
            (.double(1e300), "1e+300"), (.double(.infinity), "inf"), (.empty, ""), (.bytes([]), ""), (.bytes([0]), "AA=="),
            (.bytes([0, 1]), "AAE="), (.bytes([255, 254, 253]), "//79"), (.array([]), "[]"), (.array([.empty, "a\n\u{1}"]), "[null,\"a\\n\\u0001\"]"),
            (.keyValueList([Attribute("b", true), Attribute("a", .bytes([0]))]), "{\"a\":\"AA==\",\"b\":true}"),
        ] as [(AttributeValue, String)]
    )
    func text(value: AttributeValue, expected: String) {
        #expect(value.searchText == expected)
    }
}
