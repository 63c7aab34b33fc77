/// How the values of a file are understood.
struct YAMLDialect {
    /// `yes`, `no`, `on` and `off` are booleans, as YAML 1.1 has it.
    var allowsYesNo = false
    /// A number or a boolean may stand in quotes, for instance because it came from `"${NAME}"`.
    var allowsQuotes = false
    /// What stands for a text, for instance with environment variables put in; mistakes go to the reader.
    var substitute: ((_ text: String, _ place: YAMLReader) -> String)?

    /// YAML 1.2, core schema.
    static var core: YAMLDialect { YAMLDialect() }
}
