import Testing

@testable import TraceStudio

@Suite("Joining the page's scripts", .timeLimit(.minutes(1)))
struct ScriptLinkerTests {
    @Test("a module becomes a function that returns what it exports")
    func module() throws {
        let files = try ScriptLinker(
            [
                "app.js": """
                // Start.
                import { a, b as c } from "./parts.js";
                import * as all from "./parts.js";
                all.a(c, a);
                """,
                "parts.js": """
                export const b = 1;
                const hidden = 2;
                export function a() { return hidden; }
                export async function later() {}
                export class Thing {}
                """,
            ], entry: "app.js"
        ).files()
        #expect(files.count == 1)
        #expect(
            files["app.js"] == """
                const $parts = (() => {
                const b = 1;
                const hidden = 2;
                function a() { return hidden; }
                async function later() {}
                class Thing {}
                return { b, a, later, Thing };
                })();
                const $app = (() => {
                const { a, b: c } = $parts;
                const all = $parts;
                all.a(c, a);
                return {  };
                })();
                export { $parts, $app };

                """
        )
    }

    @Test("comments and types go, casts and templates stay what they are")
    func comments() throws {
        let files = try ScriptLinker(
            [
                "app.js": #"""
                /** One line. */
                /**
                 * Several, with import("./nowhere.js") in them.
                 * @type {string}
                 */
                // Words.
                  // Words further in.
                /** @type {HTMLElement} */ (document.body).focus();
                const x = /** @type {import("./other.js").Thing} */ (1) + /** @type {any} */ (2);
                const text = `first

                // no comment
                import { this } from "./text.js";
                \` last`;
                const url = "http://127.0.0.1"; // why
                """#
            ], entry: "app.js"
        ).files()
        #expect(
            files["app.js"]?.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().dropLast(4) == [
                " (document.body).focus();", "const x =  (1) +  (2);", "const text = `first", "", "// no comment", "import { this } from \"./text.js\";", #"\` last`;"#,
                "const url = \"http://127.0.0.1\"; // why",
            ]
        )
    }

    @Test("what is imported while the page runs has a file of its own, without what is there already")
    func dynamic() throws {
        let files = try ScriptLinker(
            [
                "app.js": "import { h } from \"./dom.js\";\nimport(\"./page.js\"); import(\"./other.js\"); h();",
                "dom.js": "export function h() {}",
                "chart.js": "import { h } from \"./dom.js\";\nexport const chart = h;",
                "page.js": "import { h } from \"./dom.js\";\nimport { chart } from \"./chart.js\";\nexport async function open() { chart(h); await import(\"./view.js\"); }",
                "other.js": "import { chart } from \"./chart.js\";\nexport function open() { chart(); }",
                "view.js": "import { chart } from \"./chart.js\";\nimport { h } from \"./dom.js\";\nexport function draw() { chart(h); }",
                "dead.js": "export const never = 1;",
            ], entry: "app.js"
        ).files()
        #expect(Set(files.keys) == ["app.js", "page.js", "other.js", "view.js"])
        let page = try #require(files["page.js"])
        #expect(page.hasPrefix("import { $dom } from \"./app.js\";\nconst $chart = (() => {\n"))
        #expect(page.hasSuffix("export { $chart, $page };\nexport const { open } = $page;\n"))
        #expect(!page.contains("const $dom"))
        // Two pages are never open at once, so each may have its own chart; a view of one page shares what the page has.
        #expect(files["other.js"]?.contains("const $chart = ") == true)
        let view = try #require(files["view.js"])
        #expect(view.hasPrefix("import { $dom } from \"./app.js\";\nimport { $chart } from \"./page.js\";\nconst $view = "))
    }

    @Test("what two pages import while they run stands on the entry alone")
    func sharedDynamic() throws {
        let files = try ScriptLinker(
            [
                "app.js": "import(\"./a.js\"); import(\"./b.js\");",
                "a.js": "import { x } from \"./shared.js\";\nexport const a = x; import(\"./view.js\");",
                "b.js": "import { x } from \"./shared.js\";\nexport const b = x; import(\"./view.js\");",
                "view.js": "import { x } from \"./shared.js\";\nexport const view = x;",
                "shared.js": "export const x = 1;",
            ], entry: "app.js"
        ).files()
        #expect(files["view.js"]?.contains("const $shared = ") == true)
        #expect(files["view.js"]?.contains("import ") == false)
    }

    @Test("what runs already is handed on under the name it is asked for")
    func dynamicOfTheEntry() throws {
        let files = try ScriptLinker(
            ["app.js": "import { help } from \"./help.js\";\nhelp(); import(\"./help.js\");", "help.js": "export function help() {}"], entry: "app.js"
        ).files()
        #expect(files["help.js"] == "import { $help } from \"./app.js\";\nexport const { help } = $help;\n")
    }

    @Test("a large file is cut into parts that import each other")
    func parts() throws {
        let filler = String(repeating: "f();\n", count: 30)
        let sources = [
            "app.js": "import { b } from \"./b.js\";\nb(); import(\"./page.js\");\n" + filler,
            "a.js": "export const a = 1;\n" + filler,
            "b.js": "import { a } from \"./a.js\";\nexport const b = a;\n" + filler,
            "page.js": "import { a } from \"./a.js\";\nimport { b } from \"./b.js\";\nexport const open = a + b;",
        ]
        let files = try ScriptLinker(sources, entry: "app.js", most: 200).files()
        #expect(Set(files.keys) == ["app.1.js", "app.2.js", "app.js", "page.js"])
        #expect(files["app.1.js"]?.hasSuffix("export { $a };\n") == true)
        #expect(files["app.2.js"]?.hasPrefix("import { $a } from \"./app.1.js\";\n") == true)
        #expect(files["app.js"]?.hasPrefix("import { $b } from \"./app.2.js\";\n") == true)
        #expect(files["page.js"]?.hasPrefix("import { $a } from \"./app.1.js\";\nimport { $b } from \"./app.2.js\";\n") == true)
    }

    @Test("what cannot be joined is refused in words", arguments: [
        (["app.js": "import { a } from \"./a.js\";"], "app.js imports a.js, which is not there"),
        (["app.js": "import(\"./a.js\");"], "a module imports a.js, which is not there"),
        (["app.js": "import { a } from \"./a.js\";", "a.js": "import { b } from \"./b.js\";\nexport const a = b;", "b.js": "import { a } from \"./a.js\";\nexport const b = a;"], "modules import each other: app.js → a.js → b.js → a.js"),
        (["app.js": "import { a } from './a.js';"], "app.js: expected import … from \"./name.js\"; in one line, found: import { a } from './a.js';"),
        (["app.js": "import {"], "app.js: expected import … from \"./name.js\"; in one line, found: import {"),
        (["app.js": "export default 1;"], "app.js: expected export before a function, class or const, found: export default 1;"),
        (["app.js": "export { a };"], "app.js: expected export before a function, class or const, found: export { a };"),
        (["app.js": "const a = `;"], "app.js: a template has no end"),
        (["app.js": "/** a"], "app.js: a comment has no end"),
    ])
    func refusals(sources: [String: String], message: String) {
        let failure = #expect(throws: ScriptLinker.Failure.self) { try ScriptLinker(sources, entry: "app.js").files() }
        #expect(failure?.description == message)
    }

    @Test("every script of the page is needed by it")
    func noDeadScripts() throws {
        let scripts = Dictionary(uniqueKeysWithValues: WebAssets.files.filter { $0.name.hasSuffix(".js") }.map { ($0.name, String(decoding: $0.bytes, as: UTF8.self)) })
        let reached = try ScriptLinker(scripts.filter { $0.key != "early.js" }, entry: "app.js").reached()
        #expect(Set(scripts.keys).subtracting(reached) == ["early.js"])
    }
}
