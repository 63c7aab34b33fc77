/// Bounds of the decoders, each named once.
public enum WireLimit {
    /// How deep lists may be nested in an attribute's value.
    public static let valueDepth = 64
}
