internal import TraceStore

/// What a query can read of a span.
enum TraceQLField: Hashable, Sendable {
    case intrinsic(TraceQLIntrinsic)
    /// Without a scope: of the span, else of the resource.
    case attribute(scope: AttributeScope?, name: String)
    /// `parent.…`: part of the grammar, evaluated by nobody.
    case parent(String)

    /// The key under which results show the value: without a scope.
    var resultKey: String {
        switch self {
        case .intrinsic(let intrinsic): intrinsic.rawValue
        case .attribute(_, let name), .parent(let name): name
        }
    }
}

extension TraceQLField: CustomStringConvertible {
    /// As it is written in a query.
    var description: String {
        switch self {
        case .intrinsic(let intrinsic): intrinsic.rawValue
        case .attribute(let scope, let name): "\(scope?.rawValue ?? "").\(Self.quoted(name))"
        case .parent(let name): "parent\(name)"
        }
    }

    /// The name, in quotes when it would end too early without.
    static func quoted(_ name: String) -> String {
        if let first = name.unicodeScalars.first, !TraceQLLexer.isDigit(first),
            name.unicodeScalars.allSatisfy({ TraceQLLexer.isAttributeScalar($0) && $0 != "\"" })
        { return name }
        return "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
