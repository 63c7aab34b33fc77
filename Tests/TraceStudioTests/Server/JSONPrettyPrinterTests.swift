import Testing

@testable import TraceStudio

@Suite("Indented JSON")
struct JSONPrettyPrinterTests {
    @Test("four blanks a level, empty things on one line, strings as they are")
    func indent() {
        let compact = #"{"a":[1,{"b":"x,{}\":\\"}],"c":[],"d":{},"e":null}"#
        let expected = #"""
            {
                "a": [
                    1,
                    {
                        "b": "x,{}\":\\"
                    }
                ],
                "c": [],
                "d": {},
                "e": null
            }
            """#
        #expect(String(decoding: JSONPrettyPrinter.indent(Array(compact.utf8)), as: UTF8.self) == expected)
    }
}
