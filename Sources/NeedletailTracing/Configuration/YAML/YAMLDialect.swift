/// How the values of a file are understood.
package struct YAMLDialect {
    /// `yes`, `no`, `on` and `off` are booleans, as YAML 1.1 has it.
    package var allowsYesNo = false
    /// A number or a boolean may stand in quotes, for instance because it came from `"${NAME}"`.
    package var allowsQuotes = false
    /// What stands for a text, for instance with environment variables put in; mistakes go to the reader.
    package var substitute: ((_ text: String, _ place: YAMLReader) -> String)?

    package init(
        allowsYesNo: Bool = false, allowsQuotes: Bool = false, substitute: ((_ text: String, _ place: YAMLReader) -> String)? = nil
    ) {
        self.allowsYesNo = allowsYesNo
        self.allowsQuotes = allowsQuotes
        self.substitute = substitute
    }

    /// YAML 1.2, core schema.
    package static var core: YAMLDialect { YAMLDialect() }
}
