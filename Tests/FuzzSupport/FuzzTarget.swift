/// A decoder or parser that is fed with damaged input.
///
/// Whatever it gets, it ends in a result or an error: a trap or a hang is what is looked for.
public struct FuzzTarget: Sendable, CustomStringConvertible {
    public var name: String
    /// Good inputs, which are damaged.
    public var seeds: [[UInt8]]
    /// Words of the format, which damage puts in.
    public var words: [[UInt8]]
    /// Feeds one input, and says what is wrong with the result; `nil`: nothing.
    public var check: @Sendable ([UInt8]) -> String?

    public init(_ name: String, seeds: [[UInt8]], words: [String] = [], check: @escaping @Sendable ([UInt8]) -> String?) {
        self.name = name
        self.seeds = seeds
        self.words = words.map { Array($0.utf8) }
        self.check = check
    }

    /// A parser of text.
    public init(_ name: String, texts: [String], words: [String] = [], check: @escaping @Sendable (String) -> String?) {
        self.init(name, seeds: texts.map { Array($0.utf8) }, words: words) { check(String(decoding: $0, as: UTF8.self)) }
    }

    public var description: String { name }
}
