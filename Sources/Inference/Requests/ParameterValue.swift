/// The value of a request parameter: KServe v2, "Parameters".
public enum ParameterValue: Hashable, Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
}
