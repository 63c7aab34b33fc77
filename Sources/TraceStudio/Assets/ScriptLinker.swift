/// Joins the page's modules to few files, so that a browser asks for few.
///
/// Each module becomes a function that returns what it exports; its imports become constants in it. What the entry needs is in the file of
/// its name. A module that is imported while the page runs, `import("./name.js")`, has a file of its name with what it needs beyond the files
/// that are there already. A file that would become large is cut, so that its parts come side by side: `name.1.js`, `name.2.js`, … The files
/// are ES modules again. The single modules stay loadable for looking into them.
///
/// Understood is the one form that the page's scripts are written in: `import { a, b as c } from "./name.js";` and
/// `import * as name from "./name.js";` on lines of their own, and `export` before a function, class or constant. No two modules import
/// each other, directly or round a corner, and no module waits at its top level.
struct ScriptLinker {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private struct Module {
        var imports: [(name: String, clause: String)] = []
        /// Modules that it imports while it runs.
        var dynamic: [String] = []
        var exports: [String] = []
        var body = ""
    }

    private let modules: [String: Module]
    private let entry: String
    /// Characters of a file, about: compressed that is some 20 KB.
    private let most: Int

    /// - Parameters:
    ///   - sources: Texts by name, as in `heat.js`.
    ///   - entry: The module that the page starts with.
    init(_ sources: [String: String], entry: String, most: Int = 72_000) throws(Failure) {
        var modules: [String: Module] = [:]
        for (name, source) in sources { modules[name] = try Self.parse(source, name: name) }
        self.modules = modules
        self.entry = entry
        self.most = most
    }

    /// The modules that the page needs, sooner or later.
    func reached() throws(Failure) -> Set<String> {
        try Set(roots().values.joined())
    }

    /// The joined files by name.
    func files() throws(Failure) -> [String: String] {
        let roots = try roots()
        var files: [String: String] = [:]
        /// Where each module is that the entry needs, and then those of the others.
        var places: [String: [String: String]] = [:]
        func place(_ root: String) {
            guard places[root] == nil else { return }
            var known: [String: String] = [:]
            if root != entry {
                let base = base(of: root, roots: roots)
                place(base)
                known = places[base] ?? [:]
            }
            let isElsewhere = known[root] != nil
            for (name, part) in parts(of: root, own: (roots[root] ?? []).filter { known[$0] == nil }) {
                for module in part { known[module] = name }
                files[name] = text(of: part, in: name, places: known)
            }
            // What runs already is handed on under the name it is asked for.
            if isElsewhere { files[root] = text(of: [], in: root, places: known, handsOn: root) }
            places[root] = known
        }
        for root in roots.keys.sorted() { place(root) }
        return files
    }

    // MARK: What goes where

    /// The entry and all modules that are imported while the page runs, each with what it needs before it.
    private func roots() throws(Failure) -> [String: [String]] {
        var roots: [String: [String]] = [:]
        var open = [entry]
        while let root = open.popLast() {
            guard roots[root] == nil else { continue }
            let order = try order(of: root)
            roots[root] = order
            open += order.flatMap { modules[$0]?.dynamic ?? [] }
        }
        return roots
    }

    /// The file that is there for sure when a module is imported: the one that imports it, if that is one, else the entry's.
    private func base(of root: String, roots: [String: [String]]) -> String {
        let core = Set(roots[entry] ?? [])
        let hosts = roots.filter { host, order in
            host != root && order.contains { (host == entry || !core.contains($0)) && modules[$0]?.dynamic.contains(root) == true }
        }
        // The one that imports it was found before it, so bases do not go round.
        return hosts.count == 1 ? hosts.first?.key ?? entry : entry
    }

    /// A file's modules, cut where they become too many; the last part has the file's name.
    private func parts(of root: String, own: [String]) -> [(name: String, modules: [String])] {
        var parts: [[String]] = [[]]
        var size = 0
        for name in own {
            let length = modules[name]?.body.utf8.count ?? 0
            if size > 0, size + length > most {
                parts.append([])
                size = 0
            }
            parts[parts.count - 1].append(name)
            size += length
        }
        guard !own.isEmpty else { return [] }
        return parts.enumerated().map { (name: $0 == parts.count - 1 ? root : "\(root.dropLast(".js".count)).\($0 + 1).js", modules: $1) }
    }

    /// What a module needs, before it, and the module.
    private func order(of entry: String) throws(Failure) -> [String] {
        var done: [String] = []
        var open: [String] = []
        func visit(_ name: String) throws(Failure) {
            if done.contains(name) { return }
            guard let module = modules[name] else { throw Failure(description: "\(open.last ?? "a module") imports \(name), which is not there") }
            guard !open.contains(name) else { throw Failure(description: "modules import each other: \((open + [name]).joined(separator: " → "))") }
            open.append(name)
            for (other, _) in module.imports { try visit(other) }
            open.removeLast()
            done.append(name)
        }
        try visit(entry)
        return done
    }

    // MARK: Text

    /// - Parameter places: The file of each module.
    private func text(of names: [String], in file: String, places: [String: String], handsOn: String? = nil) -> String {
        let needed = Set(names.flatMap { modules[$0]?.imports.map(\.name) ?? [] } + [handsOn].compactMap(\.self)).subtracting(names)
        var text = ""
        for (place, modules) in Dictionary(grouping: needed, by: { places[$0] ?? "" }).sorted(by: { $0.key < $1.key }) {
            text += "import { \(modules.sorted().map(Self.variable).joined(separator: ", ")) } from \"./\(place)\";\n"
        }
        for name in names {
            guard let module = modules[name] else { continue }
            text += "const \(Self.variable(name)) = (() => {\n"
            for (other, clause) in module.imports {
                let pattern = clause.hasPrefix("* as ") ? String(clause.dropFirst("* as ".count)) : clause.replacing(" as ", with: ": ")
                text += "const \(pattern) = \(Self.variable(other));\n"
            }
            text += module.body + "return { \(module.exports.joined(separator: ", ")) };\n})();\n"
        }
        if !names.isEmpty { text += "export { \(names.map(Self.variable).joined(separator: ", ")) };\n" }
        let shown = handsOn ?? file
        if let exports = modules[shown]?.exports, !exports.isEmpty { text += "export const { \(exports.joined(separator: ", ")) } = \(Self.variable(shown));\n" }
        return text
    }

    private static func variable(_ name: String) -> String { "$" + name.dropLast(".js".count) }

    private static func parse(_ source: String, name: String) throws(Failure) -> Module {
        var module = Module()
        var isComment = false
        var isTemplate = false
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            if isTemplate {
                module.body += line + "\n"
                isTemplate = !endsTemplate(line, isOpen: true)
                continue
            }
            // Comments on lines of their own are for readers of the sources.
            let code = line.drop { $0 == " " }
            // A cast is a comment before code: `/** @type {HTMLElement} */ (found).focus()`.
            let isCast = !isComment && code.contains("*/") && !code.hasSuffix("*/")
            if !isCast, isComment || code.hasPrefix("/**") {
                isComment = !code.contains("*/")
            } else if line.hasPrefix("import ") {
                guard let from = line.firstRange(of: " from \"./"), line.hasSuffix("\";") else {
                    throw Failure(description: "\(name): expected import … from \"./name.js\"; in one line, found: \(line)")
                }
                let clause = line[line.index(line.startIndex, offsetBy: "import ".count)..<from.lowerBound]
                module.imports.append((String(line[from.upperBound...].dropLast(2)), String(clause)))
            } else if !code.hasPrefix("//"), !code.isEmpty {
                var rest = line
                if line.hasPrefix("export ") {
                    rest = line.dropFirst("export ".count)
                    guard let exported = declaredName(rest) else { throw Failure(description: "\(name): expected export before a function, class or const, found: \(line)") }
                    module.exports.append(exported)
                }
                let plain = withoutCasts(rest)
                module.dynamic += dynamicImports(plain)
                module.body += plain + "\n"
                isTemplate = !endsTemplate(plain[...], isOpen: false)
            }
        }
        guard !isTemplate, !isComment else { throw Failure(description: "\(name): a \(isTemplate ? "template" : "comment") has no end") }
        return module
    }

    /// Whether no template is open behind a line.
    private static func endsTemplate(_ line: Substring, isOpen: Bool) -> Bool {
        var isOpen = isOpen
        var isEscaped = false
        for byte in line.utf8 {
            if byte == UInt8(ascii: "`"), !isEscaped { isOpen.toggle() }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        return !isOpen
    }

    /// A line without the types in it.
    private static func withoutCasts(_ line: Substring) -> String {
        var text = ""
        var rest = line
        while let start = rest.firstRange(of: "/** @type {"), let end = rest[start.upperBound...].firstRange(of: "} */") {
            text += rest[..<start.lowerBound]
            rest = rest[end.upperBound...]
        }
        return text + rest
    }

    /// `heat.js` of `await import("./heat.js")`.
    private static func dynamicImports(_ line: String) -> [String] {
        var names: [String] = []
        var rest = line[...]
        while let start = rest.firstRange(of: "import(\"./") {
            rest = rest[start.upperBound...]
            names.append(String(rest.prefix { $0 != "\"" }))
        }
        return names
    }

    /// `Heatmap` of `class Heatmap {`.
    private static func declaredName(_ declaration: Substring) -> String? {
        for prefix in ["async function ", "function ", "class ", "const "] where declaration.hasPrefix(prefix) {
            let name = declaration.dropFirst(prefix.count).prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }
            return name.isEmpty ? nil : String(name)
        }
        return nil
    }
}
